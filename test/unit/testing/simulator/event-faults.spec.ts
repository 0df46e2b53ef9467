import { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { GeminiSimulator, type SimulatorFault } from '../../../../lib/testing/index.js';
import { closeSinks, startSink, type ReceivedDelivery } from '../../../support/webhook-sink.js';

const running: GeminiSimulator[] = [];

async function withFault(fault: SimulatorFault) {
  const gemini = await GeminiSimulator.start({ time: 'manual', durations: { interaction: Infinity } });
  running.push(gemini);
  gemini.inject(fault);
  const ai = new GoogleGenAI(gemini.clientOptions);
  const sink = await startSink();
  const run = async (): Promise<string> => {
    const { id } = await ai.interactions.create({
      model: 'gemini-3.8-flash',
      input: 'hello',
      background: true,
      webhook_config: { uris: [`${sink.url}?token=1`], user_metadata: { order: 1 } },
    });
    gemini.finish(id);
    await gemini.idle();
    return id;
  };
  return { gemini, sink, run };
}

async function isAuthentic({ jwksUrl }: GeminiSimulator, { headers, body }: ReceivedDelivery): Promise<boolean> {
  const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: JsonWebKey[] };
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
  const signature = Buffer.from(headers['webhook-signature'].slice('v1a,'.length), 'base64');
  return keys
    .filter(({ kty }) => kty === 'OKP')
    .some((key) => verify(null, content, createPublicKey({ key, format: 'jwk' }), signature));
}

const idsIn = (deliveries: readonly ReceivedDelivery[]) =>
  deliveries.map(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id);

afterEach(async () => {
  await Promise.all(running.splice(0).map((gemini) => gemini.close()));
  await closeSinks();
});

describe('a fault of events', () => {
  it('lose: the event is never sent', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'lose', kind: 'interaction', times: 1 });
    await run();
    await gemini.advance(86_400_000);
    expect(sink.received).toEqual([]);
    expect(gemini.deliveries).toEqual([]);

    await run();
    expect(sink.received).toHaveLength(1);
  });

  it('duplicate: the event is sent twice with one id', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'duplicate', times: 1 });
    await run();

    const [first, second, ...others] = sink.received;
    expect(others).toEqual([]);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toBe(first!.body);
    expect(gemini.deliveries.map(({ fault }) => fault).toSorted()).toEqual(['duplicate', undefined]);
  });

  it('reorder: the event is sent after the next one', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'reorder', times: 1 });
    const first = await run();
    expect(sink.received).toEqual([]);
    const second = await run();

    expect(idsIn(sink.received)).toEqual([second, first]);
    expect(gemini.deliveries.map(({ fault }) => fault)).toEqual([undefined, 'reorder']);
  });

  it('reorder: the event is sent after a second if there is no next one', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'reorder' });
    const id = await run();
    await gemini.advance(999);
    expect(sink.received).toEqual([]);
    await gemini.advance(1);

    expect(idsIn(sink.received)).toEqual([id]);
  });

  it('delay: the event is sent after the delay', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'delay', delayMs: 5000 });
    await run();
    await gemini.advance(4999);
    expect(sink.received).toEqual([]);
    await gemini.advance(1);

    expect(sink.received).toHaveLength(1);
  });

  it('forge: the event is also sent with an invalid signature', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'forge' });
    sink.status = 401;
    await run();
    const authentic = await Promise.all(sink.received.map((delivery) => isAuthentic(gemini, delivery)));
    await gemini.advance(10_000);

    expect(authentic.toSorted()).toEqual([false, true]);
    expect(gemini.deliveries.map(({ fault }) => fault).filter((fault) => fault === 'forge')).toHaveLength(1);
    expect(sink.received).toHaveLength(3);
  });

  it('foreign: an authentic event of another project is sent too, to the URI without its query', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'foreign' });
    const id = await run();

    const foreign = sink.received.find(({ path }) => path === '/hook');
    const own = sink.received.find(({ path }) => path === '/hook?token=1');
    expect(sink.received).toHaveLength(2);
    expect(idsIn([own!])).toEqual([id]);
    expect(idsIn([foreign!])).not.toEqual([id]);
    expect(foreign!.body).not.toContain('user_metadata');
    expect(foreign!.headers['webhook-id']).not.toBe(own!.headers['webhook-id']);
    expect(await isAuthentic(gemini, foreign!)).toBe(true);
  });

  it('stale: only the first attempt has an old timestamp', async () => {
    const { gemini, sink, run } = await withFault({ fault: 'stale' });
    sink.status = 400;
    await run();
    await gemini.advance(10_000);

    const [first, second] = sink.received.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(Math.abs(second! - first! - 600)).toBeLessThan(60);
    expect(await isAuthentic(gemini, sink.received[0]!)).toBe(true);
    expect(gemini.deliveries.map(({ fault }) => fault)).toEqual(['stale', undefined]);
  });

  it('end: the job has the outcome of the fault', async () => {
    const { gemini, run } = await withFault({ fault: 'end', end: 'failed', kind: 'interaction', times: 1 });
    await run();
    await run();

    expect(gemini.deliveries.map(({ type }) => type)).toEqual(['interaction.failed', 'interaction.completed']);
  });
});
