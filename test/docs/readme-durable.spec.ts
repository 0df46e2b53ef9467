import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { ACCEPTED, deliverUntilTaken, handlerOf } from '../support/durable.js';
import { setEnvironment } from '../support/environment.js';
import { deliver, SECRET } from '../support/static-webhooks.js';
import { until } from '../support/until.js';
import { ExamplePage } from './support/example-page.js';
import { ownDatabase, type OwnDatabase } from './support/own-database.js';

const page = new ExamplePage('README.md');
let database: OwnDatabase;

beforeEach(async () => {
  database = await ownDatabase();
  setEnvironment({ GEMINI_WEBHOOK_SECRET: SECRET, GEMINI_WEBHOOK_INBOX_URL: database.url });
});

afterEach(async () => {
  await closeApps();
  setEnvironment();
  await database.remove();
});

// Examples that need no server are tested in readme.spec.ts.
describe('README.md', () => {
  page.example('More than one replica', 'stores an event, answers 202, and has a worker handle it', async (example) => {
    const handled: string[] = [];
    const webhooks = await example.runForModule();
    const providers = [handlerOf('handler', ({ resource }) => handled.push(resource!.name))];
    const { origin } = await startApp({ imports: [webhooks], providers }, { adapter: ADAPTERS[0] });
    await deliverUntilTaken(origin, { id: 'batch_1' });

    expect(await deliver(origin, { id: 'batch_2' })).toMatchObject(ACCEPTED);
    await until(() => handled.length === 2);
    expect(handled.toSorted()).toEqual(['batches/1', 'batches/2']);
  });
});
