import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { until } from '../support/until.js';
import { PATIENCE_MS } from './patience.js';
import { run, tarball } from './run.js';

const TEMPLATES = join(import.meta.dirname, 'hosts');
const NEST_VERSION = /("@nestjs\/(?:common|core|platform-\w+|testing)": )"[^"]+"/g;
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

/** An app in a directory of its own that has installed the packed file, as a user's has. */
export class Host {
  #bundles = 0;

  private constructor(readonly directory: string) {}

  /** Creates the app of a template, with the template's dependencies or other versions of them. */
  static install(template: string, versions: HostVersions = {}): Promise<Host> {
    const manifest = manifestOf(template, versions);
    return Host.#installedOnce([template, manifest], async ({ directory }) => {
      cpSync(join(TEMPLATES, 'app'), directory, { recursive: true });
      cpSync(join(TEMPLATES, template), directory, { recursive: true });
      writeFileSync(join(directory, 'package.json'), manifest);
      await run('npm', [...INSTALL, tarball()], directory);
    });
  }

  /** Creates a project with the packed file and its dependencies, without peers. */
  static withoutPeers(): Promise<Host> {
    return Host.#installedOnce('without peers', async ({ directory }) => {
      writeFileSync(join(directory, 'package.json'), '{ "private": true }');
      await run('npm', [...INSTALL, '--legacy-peer-deps', tarball()], directory);
    });
  }

  /** Installing takes long, and tests only read what is there: one app serves every test file that asks for the same. */
  static async #installedOnce(key: unknown, install: (host: Host) => Promise<unknown>): Promise<Host> {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
    const host = new Host(join(dirname(tarball()), `host-${name}`));
    await filledOnce(host.directory, () => install(host));
    return host;
  }

  /** Where this package is installed. */
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
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await filledOnce(outDir, () => this.node(tsc, '-p', tsconfig, '--outDir', outDir, '--noEmitOnError'));
    return outDir;
  }
}

/** The text of a host's `package.json`. */
function manifestOf(template: string, { nest, dependencies }: HostVersions): string {
  const text = readFileSync(join(TEMPLATES, template, 'package.json'), 'utf8');
  const pinned = nest === undefined ? text : text.replaceAll(NEST_VERSION, `$1"${nest}"`);
  const manifest = JSON.parse(pinned) as { dependencies: Record<string, string> };
  Object.assign(manifest.dependencies, dependencies);
  return JSON.stringify(manifest, null, 2);
}

/** Fills a directory once, also when test files that run side by side ask for it: one does it, and the others wait. */
async function filledOnce(directory: string, fill: () => Promise<unknown>): Promise<void> {
  const mark = `${directory}.filled`;
  const isFilled = async () => {
    if (existsSync(mark)) return true;
    if (!isCreated(directory)) return false;
    try {
      await fill();
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
    writeFileSync(mark, '');
    return true;
  };
  await until(isFilled, { withinMs: PATIENCE_MS, everyMs: 100 });
}

/** Returns true if this call has created the directory, false if it was there. */
function isCreated(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
