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
    expect(stdout).toContain('Usage: nestjs-gemini-webhooks');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('simulates Gemini, and runs doctor and trigger against it', async () => {
    const simulator = new Command(bin, ['simulate', '--port', '0']);
    await simulator.printed('Stop with Ctrl-C.');
    const jwksUrl = /^JWKS: (.*)$/m.exec(simulator.stdout)?.[1] ?? '';
    const doctor = await new Command(bin, [
      'doctor',
      new URL(jwksUrl).origin,
      '--local',
      '--jwks-url',
      jwksUrl,
    ]).finished();
    const trigger = await new Command(bin, ['trigger', 'batch.failed', '--to', jwksUrl], {
      GEMINI_WEBHOOK_SECRET: newSecret(),
    }).finished();
    const ended = await simulator.end('SIGTERM');

    expect(doctor.stdout).toMatch(/^FAIL {2}route/m);
    expect(doctor.stdout).toMatch(/^ok {4}key set/m);
    expect(doctor.stderr).toBe('1 check failed.\n');
    expect(doctor.code).toBe(1);
    expect(trigger.stdout).toMatch(/^batch\.failed msg_\S+ → 404/);
    expect(trigger.code).toBe(1);
    expect(ended.code).toBe(0);
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
