import { signGeminiDelivery } from 'nestjs-gemini-webhooks/testing';
import type { Observable } from 'rxjs';
import type { DemoDelivery } from './deliveries.js';
import type { Answer, GeminiSide } from './gemini-side.js';
import { asExpected, describe, type Result } from './outcome.js';
import type { Terminal } from './terminal.js';

/**
 * Sends one delivery after the other and shows what becomes of each.
 *
 * @param handlers$ the name of each handler that runs
 * @param settled resolves when nothing more happens to what the app has taken
 */
export async function walkThrough(
  deliveries: readonly DemoDelivery[],
  gemini: GeminiSide,
  handlers$: Observable<string>,
  terminal: Terminal,
  settled: () => Promise<void>,
): Promise<Result[]> {
  const ran: string[] = [];
  const recording = handlers$.subscribe((handler) => ran.push(handler));

  const results: Result[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    terminal.print(terminal.paint('bold', `${index + 1}  ${delivery.story}`));
    const answer = await send(delivery, gemini, terminal);
    await settled();
    const result = { name: delivery.name, expected: delivery.expected, got: { ...answer, handlers: ran.splice(0) } };
    if (!asExpected(result)) terminal.entry('failure', 'not as expected', `It should be ${describe(result.expected)}.`);
    terminal.print();
    results.push(result);
  }
  recording.unsubscribe();
  return results;
}

async function send({ url, signing }: DemoDelivery, gemini: GeminiSide, terminal: Terminal): Promise<Answer> {
  const signed = signGeminiDelivery(signing);
  const [scheme] = signed.headers['webhook-signature'].split(',');
  const target = url.pathname + url.search.replace(/=.+/, '=…');
  terminal.entry('sent', signing.event.type, `POST ${target} ${signed.headers['webhook-id']}, signed ${scheme}`);
  const answer = await gemini.post(url, signed);
  const { status, word, title } = answer;
  terminal.entry(
    status === 200 || status === 202 ? 'taken' : 'refused',
    `${status}`,
    title === undefined ? word : `${word}: ${title}`,
  );
  return answer;
}
