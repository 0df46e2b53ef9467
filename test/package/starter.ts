import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from '../support/command.js';
import { freePort } from '../support/free-port.js';
import { newSecret, withHmac, bodyOf } from '../support/senders.js';
import { until } from '../support/until.js';
import type { Host } from './host.js';
import { run } from './run.js';

/** An app that `nest new` has created. It uses the packages of its host, whose folder it is in. */
export class Starter {
  private constructor(
    readonly host: Host,
    readonly directory: string,
  ) {}

  static async create(host: Host, options: readonly string[]): Promise<Starter> {
    const folder = mkdtempSync(join(host.directory, 'starter-'));
    const starter = new Starter(host, folder);
    await starter.nest('new', 'shop', '--skip-install', '--skip-git', '--package-manager', 'npm', ...options);
    return new Starter(host, join(folder, 'shop'));
  }

  /** Runs the Nest CLI, and returns what it prints. */
  nest(...args: string[]): Promise<string> {
    return this.bin('nest', ...args);
  }

  bin(name: string, ...args: string[]): Promise<string> {
    return run(join(this.host.directory, 'node_modules', '.bin', name), args, this.directory);
  }

  add(...options: string[]): Promise<string> {
    return this.nest('add', 'nestjs-gemini-webhooks', '--skip-install', ...options);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8');
  }

  /** The text of every file, by its path. */
  files(): Record<string, string> {
    const paths = readdirSync(this.directory, { recursive: true, encoding: 'utf8' });
    const files = paths.filter((path) => statSync(join(this.directory, path)).isFile());
    return Object.fromEntries(files.toSorted().map((path) => [path, this.read(path)]));
  }

  /** Starts a compiled app, sends it a signed delivery, and returns the response. */
  async deliver(main: string): Promise<{ status: number; body: unknown; log: string }> {
    const port = await freePort();
    const secret = newSecret();
    const env = { PORT: String(port), port: String(port), GEMINI_WEBHOOK_SECRET: secret, NO_COLOR: '1' };
    const app = new Command(process.execPath, [join(this.directory, main)], env);
    await app.printed('Nest application successfully started');
    const url = `http://localhost:${port}/gemini/webhooks`;
    // Nest logs that line before it listens.
    await until(async () => (await fetch(url).catch(() => undefined)) !== undefined);
    const { headers, body } = withHmac(
      secret,
      bodyOf('batch.succeeded', { id: 'batch_1', output_file_uri: 'files/1' }),
    );
    const response = await fetch(url, { method: 'POST', headers, body });
    const answer = { status: response.status, body: (await response.json()) as unknown };
    const { stdout } = await app.end('SIGTERM');
    return { ...answer, log: stdout };
  }
}
