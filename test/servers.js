/**
 * The tests that need PostgreSQL or Redis, or that start processes of their own. They run one file after the other, since a
 * PostgreSQL has 100 connections by default, and a fleet uses most of them; or as many as `TEST_WORKERS` says. All others
 * run side by side.
 */
export const NEED_SERVERS = [
  '/test/integration/',
  '/test/contract/bullmq-',
  '/test/e2e/(bullmq|cli-webhooks|demo|endpoints|jobs|sample)[-.]',
  '/test/unit/bullmq/(bullmq-inbox|bullmq-secret-store|postgres-lock|redis-lock)\\.spec',
];
