import type { DemoOptions } from '../options.js';
import type { Terminal } from '../terminal.js';
import { isReal } from '../scenery.js';

export function printHead(terminal: Terminal, { fleet }: DemoOptions, folder: string): void {
  const { DATABASE_URL: database, REDIS_URL: redis, GEMINI_API_KEY: key } = process.env;
  const real = isReal(process.env);
  const store = database ? `the PostgreSQL at ${hostOf(database)}` : `a PostgreSQL that comes with it`;
  const inbox = redis ? `, its inbox on the Redis at ${hostOf(redis)}` : '';
  terminal.print(terminal.paint('bold', 'Three workflows on webhooks of the Gemini API. Nothing polls.'));
  terminal.note('note', `Gemini is ${real ? 'the real one' : 'simulated'}; the app is on ${store}${inbox}.`);
  if (fleet)
    terminal.note('note', 'Two web processes behind a balancer, two workers, and a process that waits for a job.');
  if (key && !real) {
    terminal.note(
      'note',
      'GEMINI_API_KEY is set, GEMINI_WEBHOOK_PUBLIC_URL is not, and the real Gemini API needs both.',
    );
  }
  terminal.note('note', `Data and logs are in ${folder}.`);
}

export function printCosts(terminal: Terminal, isOnce: boolean): void {
  terminal.note(
    'warning',
    'This is the real Gemini API, and what it does is billed: prompts, seconds of film, research.',
  );
  terminal.note('note', 'Prices: https://ai.google.dev/gemini-api/docs/pricing');
  if (!isOnce) return;
  terminal.note('warning', '20 prompts, a film of 15 s and one deep research start in 10 s. Ctrl+C starts nothing.');
}

export function printAddresses(terminal: Terminal, address: string, adminPassword: string): void {
  const password = terminal.paint('bold', adminPassword);
  const real = isReal(process.env);
  terminal.print();
  terminal.print(`  The page     ${terminal.paint('cyan', `${address}/`)}`);
  terminal.print(`  Bull Board   ${terminal.paint('cyan', `${address}/admin/queues`)}`);
  terminal.print(`  Login        admin, ${password}   (for ${real ? 'both' : 'Bull Board'})`);
  if (real) terminal.print(`  Webhooks     ${process.env['GEMINI_WEBHOOK_PUBLIC_URL']} must lead to the page`);
  terminal.print();
}

/** Without what the URL may say of passwords. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is no URL';
}
