import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, tarball } from './run.js';

const TEMPLATES = join(import.meta.dirname, 'hosts');
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];

/** Apps by template and Nest: installing takes long, and tests only read what is there. */
const installed = new Map<string, Promise<Host>>();

/** An app in a directory of its own that has installed the packed file, as a user's has. */
export class Host {
  readonly #compiled = new Map<string, Promise<string>>();

  private constructor(readonly directory: string) {}

  /** Makes the app of a template, on the Nest that the template names or on another version of it. */
  static install(template: string, nest?: string): Promise<Host> {
    const key = JSON.stringify([template, nest]);
    const host = installed.get(key) ?? Host.#made(template, nest);
    installed.set(key, host);
    return host;
  }

  static async #made(template: string, nest?: string): Promise<Host> {
    const host = new Host(newDirectory());
    cpSync(join(TEMPLATES, 'app'), host.directory, { recursive: true });
    cpSync(join(TEMPLATES, template), host.directory, { recursive: true });
    if (nest !== undefined) host.#setNest(nest);
    await run('npm', [...INSTALL, tarball()], host.directory);
    return host;
  }

  /** A project with the packed file and what it depends on, but no peers. */
  static async withoutPeers(): Promise<Host> {
    const host = new Host(newDirectory());
    writeFileSync(join(host.directory, 'package.json'), '{ "private": true }');
    await run('npm', [...INSTALL, '--legacy-peer-deps', tarball()], host.directory);
    return host;
  }

  /** Where this package is installed. */
  get installed(): string {
    return join(this.directory, 'node_modules', 'nestjs-gemini-webhooks');
  }

  node(...args: string[]): Promise<string> {
    return run(process.execPath, args, this.directory);
  }

  /** Boots the app on an adapter and returns what it reports of each delivery. */
  async boot(tsconfig: string, adapter: string, options: object): Promise<unknown> {
    const main = join(await this.#compile(tsconfig), 'main.js');
    return JSON.parse(await this.node(main, adapter, JSON.stringify(options)));
  }

  #compile(tsconfig: string): Promise<string> {
    let compiled = this.#compiled.get(tsconfig);
    if (!compiled) {
      const outDir = join(this.directory, `dist-${tsconfig}`);
      const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
      compiled = this.node(tsc, '-p', tsconfig, '--outDir', outDir).then(() => outDir);
      this.#compiled.set(tsconfig, compiled);
    }
    return compiled;
  }

  #setNest(version: string): void {
    const path = join(this.directory, 'package.json');
    const pinned = readFileSync(path, 'utf8').replaceAll(
      /("@nestjs\/(?:common|core|platform-\w+|testing)": )"[^"]+"/g,
      `$1"${version}"`,
    );
    writeFileSync(path, pinned);
  }
}

function newDirectory(): string {
  return mkdtempSync(join(dirname(tarball()), 'host-'));
}
