import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { PostgresClientClass } from '../../../../../lib/bullmq/store/postgres/postgres-client.js';
import { SharedListener } from '../../../../../lib/bullmq/store/postgres/shared-listener.js';

const SET_NAME = `SELECT set_config('application_name', $1, false)`;
const CUT = new Error('Connection terminated unexpectedly');

class Session extends EventEmitter {
  static readonly opened: Session[] = [];
  static isDown = false;
  readonly queries: unknown[][] = [];
  hasEnded = false;
  underWay = 0;
  mostUnderWay = 0;

  constructor(readonly config: unknown) {
    super();
    Session.opened.push(this);
  }

  async connect(): Promise<this> {
    if (Session.isDown) throw CUT;
    return this;
  }

  async query(...given: unknown[]): Promise<{ rows: never[] }> {
    this.queries.push(given);
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await nextTurn();
    this.underWay -= 1;
    if (given[0] === 'LISTEN refused') throw new Error('no such channel');
    return { rows: [] };
  }

  async end(): Promise<void> {
    this.hasEnded = true;
  }
}

let listener: SharedListener;
const open = async (isNamed = false) => {
  const client = new (listener.clientClass({ isNamed }))({ host: 'first' });
  await client.connect();
  return client;
};
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  Session.opened.length = 0;
  Session.isDown = false;
  listener = new SharedListener(Session as unknown as PostgresClientClass);
});

describe('the LISTEN clients of a process', () => {
  it('share one session, which all receive notifications of', async () => {
    const clients = await Promise.all([open(), open()]);
    const received: unknown[] = [];
    for (const client of clients) client.on('notification', ({ payload }) => received.push(payload));
    for (const client of clients) await client.query('LISTEN jobs');
    Session.opened[0]!.emit('notification', { channel: 'jobs', payload: 'queue' });

    expect(Session.opened).toHaveLength(1);
    expect(received).toEqual(['queue', 'queue']);
    expect(Session.opened[0]!.queries).toEqual([
      ['LISTEN jobs', undefined],
      ['LISTEN jobs', undefined],
    ]);
  });

  // A queue of statements makes pg 8 warn of its deprecation, and pg 9 will refuse it.
  it('send one statement at a time, also after one that failed', async () => {
    const clients = await Promise.all([open(), open(), open(), open()]);
    const channels = ['LISTEN one', 'LISTEN refused', 'LISTEN three', 'LISTEN four'];
    const outcomes = await Promise.allSettled(clients.map((client, index) => client.query(channels[index]!)));

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(Session.opened[0]!.queries.map(([text]) => text)).toEqual(channels);
    expect(Session.opened[0]!.mostUnderWay).toBe(1);
  });

  it('do not wait on a new session for a statement that never ends on a lost one', async () => {
    const client = await open();
    Session.opened[0]!.query = () => new Promise(() => undefined);
    void client.query('LISTEN jobs');
    await nextTurn();
    Session.opened[0]!.emit('error', CUT);
    const next = await open();

    await expect(next.query('LISTEN jobs')).resolves.toEqual({ rows: [] });
  });

  it("give the session the name of the one that is looked for, and not the workers'", async () => {
    const [worker, relay] = [await open(), await open(true)];
    await worker.query(SET_NAME, ['the queue']);
    await relay.query(SET_NAME, ['the node']);

    expect(Session.opened[0]!.queries).toEqual([[SET_NAME, ['the node']]]);
  });

  it('end the session after the last of them has left', async () => {
    const [one, other] = [await open(), await open()];
    await one.end();
    await one.end();
    expect(Session.opened[0]!.hasEnded).toBe(false);
    await other.end();
    expect(Session.opened[0]!.hasEnded).toBe(true);

    await open();
    expect(Session.opened).toHaveLength(2);
  });

  it.each([
    ['breaks', (session: Session) => session.emit('error', CUT), CUT],
    ['is ended by the server', (session: Session) => session.emit('end'), expect.any(Error)],
  ])('all hear when the session %s, and the next one opens another', async (_how, lose, error) => {
    const clients = [await open(), await open()];
    lose(Session.opened[0]!);
    const heard: unknown[] = [];
    // BullMQ adds its listener after it has connected.
    for (const client of clients) client.on('error', (reason) => heard.push(reason));
    await nextTurn();
    await open();

    expect(heard).toEqual([error, error]);
    await expect(clients[0]!.query('LISTEN jobs')).rejects.toEqual(error);
    expect(Session.opened).toHaveLength(2);
  });

  it('reject together when the server is unavailable, and connect again later', async () => {
    Session.isDown = true;
    await expect(Promise.all([open(), open()])).rejects.toBe(CUT);
    Session.isDown = false;
    await open();

    expect(Session.opened).toHaveLength(2);
  });
});
