import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { InboxEngineFactory, InboxHealth } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { staticWebhooks } from '../support/static-webhooks.js';
import { ExamplePage } from './support/example-page.js';

const STATS = { waiting: 2, active: 1, delayed: 3, failed: 1, oldestAgeMs: 60_400 };
const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/health.md');
let health: InboxHealth;

/** An inbox whose health the test decides. */
const inbox: InboxEngineFactory = () => ({
  accept: async () => ({ status: 'accepted', httpStatus: 202 }),
  health: async () => health,
  stats: async () => STATS,
  close: async () => undefined,
});

const get = async (url: string) => {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as object };
};

beforeEach(() => {
  setEnvironment();
  health = { store: 'up', worker: 'running', stats: STATS };
});

afterEach(async () => {
  await closeApps();
  setEnvironment();
});

describe('docs/health.md', () => {
  page.example(
    'With Terminus',
    'answers 200 when up and 503 when down, and has limits on another route',
    async (example) => {
      const { HealthController } = await example.run<{ HealthController: Type }>({
        replace: { ', webhook: true': '' },
      });
      const { origin } = await startApp(
        {
          imports: [TerminusModule.forRoot({ logger: false }), staticWebhooks({ inbox })],
          controllers: [HealthController],
        },
        { adapter },
      );

      expect(await get(`${origin}/health/ready`)).toMatchObject({
        status: 200,
        body: { details: { 'gemini-webhooks': { status: 'up' } } },
      });
      expect(await get(`${origin}/health/alerts`)).toMatchObject({
        status: 503,
        body: { error: { 'gemini-webhooks': { causes: ['maxFailed'], failed: 1 } } },
      });
      health = { store: 'unavailable', worker: 'running' };
      expect(await get(`${origin}/health/ready`)).toMatchObject({ status: 503 });
    },
  );

  page.example('Without Terminus', 'answers 200 when up and 503 when down', async (example) => {
    const { HealthController } = await example.run<{ HealthController: Type }>();
    const { origin } = await startApp(
      { imports: [staticWebhooks({ inbox })], controllers: [HealthController] },
      { adapter },
    );

    expect(await get(`${origin}/health`)).toMatchObject({ status: 200, body: { status: 'up', lagMs: 60_400 } });
    health = { store: 'up', worker: 'absent' };
    expect(await get(`${origin}/health`)).toMatchObject({ status: 503, body: { causes: ['worker'] } });
  });

  page.example('Numbers', 'counts the unfinished events', async (example) => {
    const { Dashboard } = await example.run<{ Dashboard: Type<{ backlog(): Promise<object> }> }>();
    const { app } = await startApp({ imports: [staticWebhooks({ inbox })], providers: [Dashboard] }, { adapter });

    expect(await app.get(Dashboard).backlog()).toEqual({ unfinished: 6, failed: 1, oldestSeconds: 60 });
  });

  page.everyExampleIsRun();
});
