import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { expectedJobs } from './expected-jobs.js';
import { Host } from './host.js';

/** The weekly run tests the newest versions instead. */
const GENAI_3 = process.env['GENAI_VERSION'] || '3.3.0';
const BULLMQ = process.env['BULLMQ_VERSION'] || '6.7.0';
const REDIS = {
  url: process.env['REDIS_URL'] || 'redis://127.0.0.1:6379',
  queueName: `host-${randomUUID()}`,
};

afterAll(async () => {
  const redis = new Redis(REDIS.url);
  const keys = await redis.keys(`bull:${REDIS.queueName}*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
});

describe.each([
  {
    title: `a Nest 12 ESM app on @google/genai ${GENAI_3}`,
    template: 'nest-12-esm',
    dependencies: { '@google/genai': GENAI_3 },
    adapter: 'fastify',
    apiVersion: 'v1',
  },
  {
    title: 'a Nest 11 CommonJS app on @google/genai 2.32.0',
    template: 'nest-11-cjs',
    dependencies: { '@google/genai': '2.32.0' },
    adapter: 'express',
    apiVersion: 'v1beta',
  },
  {
    title: `a Nest 12 ESM app on @google/genai ${GENAI_3} and BullMQ ${BULLMQ}`,
    template: 'hosted',
    dependencies: { '@google/genai': GENAI_3, bullmq: BULLMQ },
    adapter: 'express',
    apiVersion: 'v1',
    store: REDIS,
  },
])('$title', ({ template, dependencies, adapter, apiVersion, store }) => {
  let host: Host;

  beforeAll(async () => {
    host = await Host.install(template, { dependencies });
  });

  it(`starts jobs of each kind with ${apiVersion}, learns their ends by webhook or poll, and reads results`, async () => {
    expect(await host.runJobs('tsconfig.json', adapter, store)).toEqual(expectedJobs({ apiVersion }));
  });
});
