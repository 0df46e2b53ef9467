/**
 * The tests that need PostgreSQL or Redis, or that start processes of their own. They run one file after the other: a
 * PostgreSQL has 100 connections by default, of which a fleet uses most, and the demo builds anew what the others run. All
 * others run side by side.
 */
export const NEED_SERVERS = [
  '/test/integration/',
  '/test/contract/bullmq-',
  '/test/e2e/(bullmq|cli-webhooks|demo|endpoints|jobs|sample)[-.]',
  '/test/unit/bullmq/(bullmq-inbox|bullmq-secret-store|postgres-lock|redis-lock)\\.spec',
];
