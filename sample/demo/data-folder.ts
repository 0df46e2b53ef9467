import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SAMPLE_FOLDER } from '../sample-folder.js';

/** Where the demo keeps what is to outlive it: the database, films, logs, and where to find what it left running. */
export class DataFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws Error whose message is for whoever runs the demo */
  static async open(env: NodeJS.ProcessEnv = process.env): Promise<DataFolder> {
    const given = env['SAMPLE_DATA_DIR'];
    const path = given ? resolve(given) : join(SAMPLE_FOLDER, '.data');
    try {
      await mkdir(join(path, 'logs'), { recursive: true });
      // PostgreSQL, which must not run as root, has its folder in here.
      if (process.getuid?.() === 0) await chmod(path, 0o711);
    } catch (cause) {
      throw new Error(`The demo cannot write to ${path} (${(cause as Error).message}). Set SAMPLE_DATA_DIR.`, {
        cause,
      });
    }
    return new DataFolder(path);
  }

  in(...names: string[]): string {
    return join(this.path, ...names);
  }

  log(name: string): string {
    mkdirSync(this.in('logs'), { recursive: true });
    return this.in('logs', `${name}.log`);
  }

  /** What was noted under that name; nothing when it was not, or cannot be read any more. */
  async read<Noted extends object>(name: string): Promise<Partial<Noted> | undefined> {
    try {
      const noted: unknown = JSON.parse(await readFile(this.in(`${name}.json`), 'utf8'));
      return typeof noted === 'object' && noted !== null ? (noted as Partial<Noted>) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Notes it for this user alone, at once or not at all. */
  async write(name: string, noted: object): Promise<void> {
    const draft = this.in(`.${name}-${randomBytes(4).toString('hex')}`);
    await writeFile(draft, `${JSON.stringify(noted, undefined, 2)}\n`, { mode: 0o600 });
    await rename(draft, this.in(`${name}.json`));
  }

  async forget(name: string): Promise<void> {
    await rm(this.in(`${name}.json`), { force: true });
  }
}
