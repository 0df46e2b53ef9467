import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from '../support/command.js';
import { newSecret } from '../support/senders.js';
import { Host } from './host.js';
import { tarball } from './run.js';

let bin: string;

beforeAll(async () => {
  const { directory } = await Host.withoutPeers();
  bin = join(directory, 'node_modules', '.bin', 'nestjs-gemini-webhooks');
});

describe('the command line of the packed file, without peers', () => {
  it('runs from the bin that it installs, and writes nothing where it runs', async () => {
    const directory = mkdtempSync(join(dirname(tarball()), 'empty-'));
    const { code, stdout } = await new Command('sh', ['-c', 'cd "$0" && "$1" --help', directory, bin]).finished();

    expect(code).toBe(0);
    expect(stdout).toContain('npx nestjs-gemini-webhooks trigger');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('simulates Gemini, and runs doctor and trigger against it', async () => {
    const simulator = new Command(bin, ['simulate', '--port', '0']);
    await simulator.printed('GEMINI_WEBHOOK_JWKS_URL=');
    const jwksUrl = /^GEMINI_WEBHOOK_JWKS_URL=(.*)$/m.exec(simulator.stdout)?.[1] ?? '';
    const doctor = await new Command(bin, [
      'doctor',
      new URL(jwksUrl).origin,
      '--local',
      '--json',
      '--jwks-url',
      jwksUrl,
    ]).finished();
    const trigger = await new Command(bin, ['trigger', 'batch.failed', '--to', jwksUrl, '--json'], {
      GEMINI_WEBHOOK_SECRET: newSecret(),
    }).finished();
    const ended = await simulator.end('SIGTERM');

    const { checks } = JSON.parse(doctor.stdout) as {
      readonly checks: { readonly name: string; readonly state: string }[];
    };
    const namesOf = (state: string) => checks.filter((check) => check.state === state).map(({ name }) => name);
    expect(namesOf('failed')).toEqual(['route']);
    expect(namesOf('passed')).toContain('key set');
    expect(doctor.code).toBe(1);
    expect(JSON.parse(trigger.stdout)).toMatchObject({ type: 'batch.failed', status: 404, ok: false });
    expect(trigger.code).toBe(1);
    expect(ended.code).toBe(0);
  });

  it.each([
    ['redis://127.0.0.1:1', ['bullmq', 'ioredis']],
    ['postgres://127.0.0.1:1/app', ['bullmq', 'pg']],
  ])('says what to install for the failed events of %s', async (url, packages) => {
    const { code, stdout, stderr } = await new Command(bin, ['failed', 'list', '--url', url]).finished();

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`npm install ${packages.join(' ')}`);
  });

  it('exits with 2 on usage errors', async () => {
    const { code, stdout, stderr } = await new Command(bin, ['list'], {
      GEMINI_API_KEY: '',
      GOOGLE_API_KEY: '',
    }).finished();

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('GEMINI_API_KEY');
  });
});
