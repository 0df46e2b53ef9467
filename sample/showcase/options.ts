import { parseArgs } from 'node:util';

/** Options of the command line. */
export interface DemoOptions {
  /** End when the three workflows have ended. */
  readonly once: boolean;
  /** The page's port; 3000 unless given, or any free one if 3000 is in use. */
  readonly port: number | undefined;
  readonly help: boolean;
}

export const HELP = `Starts the showcase: a page on which you run a batch, a long film and deep research, and make webhooks go wrong.
Gemini is simulated and PostgreSQL comes from npm: no key, no server, no network.

  npm run demo                   run the three workflows once, then keep the page up until Ctrl+C
  npm run demo -- --once         run them and end: exit code 0 if all three succeeded
  npm run demo -- --port 8080    serve the page on this port instead of 3000
  npm run demo -- --help         print this text

Environment:

  DATABASE_URL            a PostgreSQL of your own instead of the one from npm
  SAMPLE_ADMIN_PASSWORD   the password of "admin"; random unless set
  GEMINI_API_KEY and GEMINI_WEBHOOK_PUBLIC_URL, both: use the real Gemini API. That costs money.
`;

/** @throws Error whose message is for the person who typed the command */
export function readOptions(args: readonly string[]): DemoOptions {
  const { once, port, help } = parse(args);
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)) {
    throw new Error(`--port: got "${port}". Give a number from 1 to 65535.`);
  }
  return { once, port: port === undefined ? undefined : Number(port), help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (cause) {
    // Node's message goes on with advice on positional arguments, which this command does not take.
    const [problem] = (cause as Error).message.split('. ');
    throw new Error(`${problem}. See npm run demo -- --help.`, { cause });
  }
}
