import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADAPTERS, startApp } from '../support/apps.js';
import { setEnvironment } from '../support/environment.js';
import { receiver } from '../support/receiver.js';
import { closeSinks, startSink } from '../support/webhook-sink.js';
import { closeExamples } from './support/example-app.js';
import { ExamplePage } from './support/example-page.js';

const ROOT = join(import.meta.dirname, '..', '..');

const [adapter] = ADAPTERS;
const page = new ExamplePage('docs/testing.md');

beforeEach(() => {
  setEnvironment();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeExamples();
  await closeSinks();
  setEnvironment();
});

describe('docs/testing.md', () => {
  page.example('Signed test deliveries', 'sends an event that the app accepts', async (example) => {
    const [secret] = /whsec_[\w+/]+/.exec(example.block.code)!;
    const { events, metadata } = receiver({}, secret);
    const { origin } = await startApp(metadata, { adapter });
    await example.run({ replace: { 'http://localhost:3000': origin } });

    expect(events).toMatchObject([{ type: 'batch.succeeded', data: { id: 'batch_1', output_file_uri: 'files/1' } }]);
  });

  page.example('The simulator', 'delivers the webhook of the batch twice', async (example) => {
    const sink = await startSink();
    await example.run({ replace: { 'http://localhost:3000/gemini/webhooks': sink.url } });

    const ids = sink.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([ids[0], ids[0]]);
    expect(JSON.parse(sink.received[0]!.body)).toMatchObject({ type: 'batch.succeeded' });
  });

  page.example(
    'Jest in CommonJS',
    'equals the Jest configuration in the tests of the packed package',
    async (example) => {
      const host = readFileSync(join(ROOT, 'test/package/hosts/nest-11-cjs/jest.config.json'), 'utf8');
      const { transformIgnorePatterns } = new Function(`return {${example.text()}}`)() as Record<string, unknown>;

      expect(JSON.parse(host)).toMatchObject({ transformIgnorePatterns });
    },
    { language: 'js' },
  );

  page.everyExampleIsRun();
});
