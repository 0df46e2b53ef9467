import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataFolder } from '../data-folder.js';
import type { KeeperNote } from './keeper.js';

/** A first start has a database to set up. */
const READY_TIMEOUT_MS = 90_000;
const KNOCK_TIMEOUT_MS = 3_000;
const LET_GO_ATTEMPTS = 20;
const LET_GO_MS = 100;

/** Which of the processes that outlive a killed launcher. */
export type KeptName = 'simulator' | 'postgres';

/** A process beside the app that outlives this one when it is killed, so that the next run goes on with it. */
export class KeptProcess<Details> {
  readonly details: Details;
  /** Whether a run before this one has left it. */
  readonly isTakenOver: boolean;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;

  readonly #note: KeeperNote;

  private constructor(note: KeeperNote, details: Details, held: IncomingMessage, isTakenOver: boolean) {
    this.#note = note;
    this.details = details;
    this.isTakenOver = isTakenOver;
    this.gone = new Promise((resolve) => held.once('close', resolve).resume());
  }

  /** Goes on with what a killed run has left, if it is there and answers, else starts a new one. @throws Error */
  static async takeOverOrStart<Details>(name: KeptName, folder: DataFolder): Promise<KeptProcess<Details>> {
    const left = await findLeft(name, folder);
    const note = left ?? (await start(name, folder));
    const held = await hold(note, folder);
    try {
      const details = await ask<Details>(note, 'GET', '/', undefined, READY_TIMEOUT_MS);
      return new KeptProcess(note, details, held, left !== undefined);
    } catch (error) {
      held.destroy();
      throw error;
    }
  }

  /** @throws Error when it is not there */
  ask<Answer>(method: 'GET' | 'PUT', path: string, body?: object): Promise<Answer> {
    return ask<Answer>(this.#note, method, path, body, KNOCK_TIMEOUT_MS);
  }

  /** Resolves when it has ended what it keeps. */
  async end(): Promise<void> {
    await ask(this.#note, 'DELETE', '/', undefined, READY_TIMEOUT_MS).catch(() => undefined);
    await this.gone;
  }

  /** For an end that waits for nothing. */
  terminate(): void {
    try {
      process.kill(this.#note.pid, 'SIGTERM');
    } catch {
      // It is gone.
    }
  }
}

/** A process of that number, and what listens there, may be anybody's by now: ours says who it is. */
async function findLeft(name: KeptName, folder: DataFolder): Promise<KeeperNote | undefined> {
  const { pid, url, token } = (await folder.read<KeeperNote>(name)) ?? {};
  if (pid !== undefined && url !== undefined && token !== undefined) {
    const note = { pid, url, token };
    const told = await ask<{ name?: string; pid?: number }>(note, 'GET', '/ours', undefined, KNOCK_TIMEOUT_MS).catch(
      () => undefined,
    );
    if (told?.name === name && told.pid === pid) return note;
  }
  await folder.forget(name);
  return undefined;
}

async function start(name: KeptName, folder: DataFolder): Promise<KeeperNote> {
  const log = openSync(folder.log(name), 'w');
  const env = { ...process.env, SAMPLE_DATA_DIR: folder.path };
  const file = new URL(`./${name}.process.js`, import.meta.url);
  const child = fork(file, { env, detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ends at its start (exit code ${code}). See ${folder.log(name)}.`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(child, 'message'), ended]);
  child.unref();
  const note = await folder.read<KeeperNote>(name);
  if (note?.pid !== child.pid) throw new Error(`Another run of the demo has just started in ${folder.path}.`);
  return note as KeeperNote;
}

/** @throws Error when another run that is alive has it */
async function hold({ url, token }: KeeperNote, folder: DataFolder): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}`, 'x-holder': String(process.pid) };
  for (let attempt = 1; ; attempt += 1) {
    // `fetch` would give up on a body that says nothing for five minutes.
    const asking = request(`${url}/hold`, { method: 'POST', headers, agent: false }).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    // What ends with the other process is told by `close`.
    response.on('error', () => undefined);
    if (response.statusCode === 200) return response;
    const { holder } = (await json(response)) as { readonly holder?: string };
    // A launcher that was killed this moment lets go in the next.
    if (attempt === LET_GO_ATTEMPTS) {
      const by = `by process ${holder}, with the data in ${folder.path}`;
      throw new Error(`The demo runs already, ${by}. End it first, or give SAMPLE_DATA_DIR another folder.`);
    }
    await pause(LET_GO_MS);
  }
}

async function ask<Answer>(
  { url, token }: KeeperNote,
  method: string,
  path: string,
  body: object | undefined,
  timeoutMs: number,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = (await response.json()) as Answer & { readonly problem?: string };
  if (!response.ok) throw new Error(answer.problem ?? `${method} ${path} is answered ${response.status}`);
  return answer;
}
