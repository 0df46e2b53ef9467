import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { killCommands } from '../support/command.js';
import { Host } from './host.js';
import { Starter } from './starter.js';

const HANDLED = {
  status: 200,
  body: { status: 'processed' },
  log: expect.stringContaining('batches/1 is done: files/1') as unknown,
};

afterEach(killCommands);

describe.each([
  {
    title: 'a new Nest 12 app, which is ESM',
    template: 'nest-12-starter',
    options: ['--no-observe'],
    imported: "from './gemini-events.js';",
    test: ['vitest', 'run'],
  },
  {
    title: 'a new Nest 11 app, which is CommonJS',
    template: 'nest-11-starter',
    options: [],
    imported: "from './gemini-events';",
    test: ['jest', '--ci'],
  },
])('nest add nestjs-gemini-webhooks in $title', ({ template, options, imported, test: [runner = '', ...args] }) => {
  let host: Host;
  let starter: Starter;

  beforeAll(async () => {
    host = await Host.install(template);
    starter = await Starter.create(host, options);
  });

  it('wires the app, which compiles, handles a signed delivery, and passes its tests', async () => {
    const printed = await starter.add('--tests');
    await starter.nest('build');

    expect(printed).toContain('trigger batch.succeeded');
    expect(starter.read('src/app.module.ts')).toContain(imported);
    expect(starter.read('src/app.module.ts')).toContain('imports: [GeminiWebhooksModule.forRoot()],');
    expect(starter.read('.env.example')).toContain('GEMINI_WEBHOOK_SECRET=');
    expect(await starter.deliver('dist/main.js')).toEqual(HANDLED);
    await expect(starter.bin(runner, ...args)).resolves.toBeDefined();
  });

  it('changes nothing when it is run again', async () => {
    const before = starter.files();
    const printed = await starter.add('--tests', '--inbox', 'bullmq-redis');

    expect(printed).toContain('src/app.module.ts imports GeminiWebhooksModule already');
    expect(starter.files()).toEqual(before);
  });

  it('wires the project of a monorepo that --project names', async () => {
    const monorepo = await Starter.create(host, options);
    await monorepo.nest('generate', 'app', 'worker');
    await monorepo.add('--project', 'worker');
    // `nest build` takes a bundler here, which needs more packages.
    await monorepo.bin('tsc', '-p', 'apps/worker/tsconfig.app.json');

    expect(monorepo.read('apps/worker/src/worker.module.ts')).toContain(imported);
    expect(monorepo.read('apps/shop/src/app.module.ts')).not.toContain('Gemini');
    const main = Object.keys(monorepo.files()).find((path) => /^dist\/apps\/worker\/.*main\.js$/.test(path));
    expect(await monorepo.deliver(main!)).toEqual(HANDLED);
  });

  it('adds a durable inbox and its packages by choice', async () => {
    const durable = await Starter.create(host, options);
    await durable.add('--inbox', 'bullmq-postgres');

    expect(durable.read('src/app.module.ts')).toContain('GeminiWebhooksModule.forRoot({ inbox: bullmqInbox() })');
    expect(JSON.parse(durable.read('package.json'))).toMatchObject({
      dependencies: { bullmq: expect.any(String) as unknown, pg: expect.any(String) as unknown },
    });
  });
});
