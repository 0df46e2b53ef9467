import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run, tarball } from './run.js';

const TEMPLATES = join(import.meta.dirname, 'hosts');
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];

/** Versions that replace those of a host's template. */
export interface HostVersions {
  /** The version of every package of Nest. */
  readonly nest?: string;
  /** Versions of other packages by name, including packages that the template lacks. */
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Location of a host's durable inbox. */
export interface HostStore {
  readonly url: string;
  /** Prefix of the queue names. */
  readonly queueName: string;
}

/** File that marks a complete installation. */
const INSTALLED = '.installed';

/** An app in a separate directory that has installed the packed file like a user's app. */
export class Host {
  #bundles = 0;

  private constructor(readonly directory: string) {}

  /** Creates the app of a template, with the template's dependencies or other versions of them. */
  static install(template: string, versions: HostVersions = {}): Promise<Host> {
    return Host.#installedOnce([template, versions], (host) => host.#install(template, versions));
  }

  /** Shares one app between test files, because installing is slow and tests only read the app. */
  static async #installedOnce(key: unknown, install: (host: Host) => Promise<unknown>): Promise<Host> {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
    const host = new Host(join(dirname(tarball()), `host-${name}`));
    if (existsSync(join(host.directory, INSTALLED))) return host;
    rmSync(host.directory, { recursive: true, force: true });
    mkdirSync(host.directory);
    await install(host);
    writeFileSync(join(host.directory, INSTALLED), '');
    return host;
  }

  async #install(template: string, { nest, dependencies }: HostVersions): Promise<void> {
    cpSync(join(TEMPLATES, 'app'), this.directory, { recursive: true });
    cpSync(join(TEMPLATES, template), this.directory, { recursive: true });
    if (nest !== undefined) this.#setNest(nest);
    if (dependencies !== undefined) this.#add(dependencies);
    await run('npm', [...INSTALL, tarball()], this.directory);
  }

  /** Creates a project with the packed file and its dependencies, without peers. */
  static withoutPeers(): Promise<Host> {
    return Host.#installedOnce('without peers', async ({ directory }) => {
      writeFileSync(join(directory, 'package.json'), '{ "private": true }');
      await run('npm', [...INSTALL, '--legacy-peer-deps', tarball()], directory);
    });
  }

  /** Directory in which this package is installed. */
  get installed(): string {
    return join(this.directory, 'node_modules', 'nestjs-gemini-webhooks');
  }

  node(...args: string[]): Promise<string> {
    return run(process.execPath, args, this.directory);
  }

  /** Starts the app on an adapter and returns its report of each delivery. */
  async boot(tsconfig: string, adapter: string, options: object): Promise<unknown> {
    const main = join(await this.compile(tsconfig), 'main.js');
    return JSON.parse(await this.node(main, adapter, JSON.stringify(options)));
  }

  /** Compiles the app, runs one of its programs, and returns the report. */
  async program(tsconfig: string, name: string): Promise<unknown> {
    return JSON.parse(await this.node(join(await this.compile(tsconfig), `${name}.js`)));
  }

  /** Runs the job suite on an adapter, and on a store if given, and returns the report. */
  async runJobs(tsconfig: string, adapter: string, store?: HostStore): Promise<unknown> {
    const main = join(await this.compile(tsconfig), 'jobs-main.js');
    return JSON.parse(await this.node(main, adapter, ...(store ? [store.url, store.queueName] : [])));
  }

  /** Deploys the app to a function host, on an adapter, and returns the report. */
  async runFunction(deployedTo: string, adapter: string): Promise<string> {
    return this.node(join(await this.compile('tsconfig.json'), 'serverless-main.js'), deployedTo, adapter);
  }

  /** Bundles the app for a store and the command line, and returns their paths. */
  async bundle({
    tool,
    told,
  }: {
    readonly tool: string;
    readonly told: string;
  }): Promise<{ app: string; cli: string }> {
    const compiled = await this.compile('tsconfig.json');
    const outdir = `bundle-${tool}-${told.replaceAll(' ', '-')}-${++this.#bundles}`;
    await this.node('bundle.js', tool, told, relative(this.directory, join(compiled, 'durable-main.js')), outdir);
    const files = readdirSync(join(this.directory, outdir));
    const built = (name: string) =>
      join(outdir, files.find((file) => /^(app|cli)\.[cm]?js$/.test(file) && file.startsWith(name)) ?? name);
    return { app: built('app'), cli: built('cli') };
  }

  /** Hides an installed package as if it were not installed. */
  takeAway(name: string): void {
    renameSync(join(this.directory, 'node_modules', name), join(this.directory, name));
  }

  putBack(name: string): void {
    renameSync(join(this.directory, name), join(this.directory, 'node_modules', name));
  }

  /** Returns the directory of the compiled app. */
  async compile(tsconfig: string): Promise<string> {
    const outDir = join(this.directory, `dist-${tsconfig}`);
    if (existsSync(outDir)) return outDir;
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await this.node(tsc, '-p', tsconfig, '--outDir', outDir, '--noEmitOnError');
    return outDir;
  }

  #add(dependencies: Readonly<Record<string, string>>): void {
    const path = join(this.directory, 'package.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> };
    Object.assign(manifest.dependencies, dependencies);
    writeFileSync(path, JSON.stringify(manifest, null, 2));
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
