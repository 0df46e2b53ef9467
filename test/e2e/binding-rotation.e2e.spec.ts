import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { BindingOptions } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp, type AdapterCase } from '../support/apps.js';
import { bindingTokenOf } from '../support/binding-tokens.js';
import { post } from '../support/http.js';
import { receiver } from '../support/receiver.js';
import { bodyOf, GoogleKeys, withEd25519 } from '../support/senders.js';
import { until } from '../support/until.js';

const OLD_KEY = 'AIza_the_key_that_is_being_replaced';
const NEW_KEY = 'AQ.the_key_that_replaces_it';
const SENDERS = 8;
const EACH_PHASE = 100;

jest.setTimeout(60_000);

afterEach(closeApps);

describe.each(ADAPTERS)('replacing an API key on $adapter', (adapter) => {
  const google = new GoogleKeys();

  it('accepts tokens of both keys throughout, and never forged ones', async () => {
    const [old, young, forged] = await tokensOf(OLD_KEY, NEW_KEY, 'a key of somebody else');
    const before = await start(adapter, google, OLD_KEY);
    const load = new Load(google, before.origin, [old!]);
    const forgery = new Load(google, before.origin, [forged!]);
    await load.more(EACH_PHASE);

    const after = await start(adapter, google, NEW_KEY, { previousApiKeys: [OLD_KEY] });
    for (const one of [load, forgery]) one.origin = after.origin;
    // From here on, jobs that were started with the new key report.
    load.tokens.push(young!);
    await load.leaves(before.origin);
    await forgery.leaves(before.origin);
    await before.app.close();
    await load.more(EACH_PHASE);
    await forgery.more(EACH_PHASE);
    await Promise.all([load.stop(), forgery.stop()]);

    expect(countOf(load.statuses)).toEqual({ 200: load.statuses.length });
    expect(countOf(forgery.statuses)).toEqual({ 403: forgery.statuses.length });
    const heard = [...before.events, ...after.events].map(({ data }) => (data as { id: string }).id);
    expect(heard.toSorted()).toEqual(load.ids.toSorted());
    expect(after.events.length).toBeGreaterThanOrEqual(EACH_PHASE);
  });

  it('refuses tokens of the old key with 403 if previousApiKeys does not list it', async () => {
    const [old, young] = await tokensOf(OLD_KEY, NEW_KEY);
    const { origin, events } = await start(adapter, google, NEW_KEY);
    const load = new Load(google, origin, [old!]);
    await load.more(EACH_PHASE);
    await load.stop();

    expect(countOf(load.statuses)).toEqual({ 403: load.statuses.length });
    expect(events).toEqual([]);
    expect(await new Load(google, origin, []).send(young!)).toBe(200);
  });

  it('accepts tokens of the API key while binding.secret replaces it', async () => {
    const [derived, forged] = await tokensOf(OLD_KEY, NEW_KEY);
    const binding = { secret: 'a binding secret of this test', previousApiKeys: [OLD_KEY] };
    const { origin } = await start(adapter, google, OLD_KEY, binding);
    const load = new Load(google, origin, []);

    expect(await load.send(derived!)).toBe(200);
    expect(await load.send(await bindingTokenOf({}, binding.secret))).toBe(200);
    expect(await load.send(forged!)).toBe(403);
  });
});

async function start(adapter: AdapterCase, google: GoogleKeys, apiKey: string, binding: BindingOptions = {}) {
  const { events, metadata } = receiver({
    hmac: false,
    jwks: { keySet: google.keySet as never },
    gemini: { apiKey },
    binding,
  });
  return { events, ...(await startApp(metadata, { adapter })) };
}

function tokensOf(...keys: string[]): Promise<string[]> {
  return Promise.all(keys.map((key) => bindingTokenOf({}, key)));
}

/** Sends new events one after another, several at once, each with one of the tokens, signed by Google. */
class Load {
  readonly statuses: number[] = [];
  /** The events of the deliveries that were accepted. */
  readonly ids: string[] = [];
  readonly #google: GoogleKeys;
  readonly #underway: string[] = [];
  readonly #senders: Promise<void>[];
  #count = 0;
  #stopped = false;

  constructor(
    google: GoogleKeys,
    public origin: string,
    readonly tokens: string[],
  ) {
    this.#google = google;
    this.#senders = Array.from({ length: tokens.length > 0 ? SENDERS : 0 }, () => this.#run());
  }

  async send(token: string): Promise<number> {
    const { origin } = this;
    const id = `batch_${++this.#count}`;
    this.#underway.push(origin);
    const delivery = withEd25519(this.#google.key(this.#count % 3), bodyOf('batch.succeeded', { id }));
    const { status } = await post(`${origin}/gemini/webhooks?gemini_binding=${token}`, delivery);
    this.#underway.splice(this.#underway.indexOf(origin), 1);
    if (status === 200) this.ids.push(id);
    return status;
  }

  /** Resolves after this many further responses. */
  async more(count: number): Promise<void> {
    const already = this.statuses.length;
    await until(() => this.statuses.length >= already + count);
  }

  /** Resolves when no delivery to that origin is in flight. */
  leaves(origin: string): Promise<void> {
    return until(() => !this.#underway.includes(origin));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#senders);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) this.statuses.push(await this.send(this.tokens[this.#count % this.tokens.length]!));
  }
}

function countOf(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
