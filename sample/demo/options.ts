import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface DemoOptions {
  /** End when the three workflows have ended. */
  readonly once: boolean;
  /** Where the page is; unless given, 3000 or the next that is free. */
  readonly port: number | undefined;
  /** Two web processes and two workers, one of which is killed. */
  readonly fleet: boolean;
  readonly help: boolean;
}

export const HELP = `Starts the sample app with all that it needs, runs its three workflows once (a batch, a long video, deep research), and
stays up. Gemini is simulated, and PostgreSQL comes with it: no key, no network, nothing to install.

  npm run demo                   show it, then stay up: the page says the rest
  npm run demo -- --once         show it and end: exit code 0 if all three have succeeded
  npm run demo -- --port 8080    the page is there instead of on 3000
  npm run demo:fleet             two web processes behind a balancer and two workers, one of which is killed
  npm run demo -- --tour         another demo: single deliveries, one after the other (--tour --help says more)
  npm run demo -- --help         this text

From the environment:

  DATABASE_URL     a PostgreSQL of yours in place of the one that comes with the sample
  REDIS_URL        the inbox is on this Redis instead of PostgreSQL
  GEMINI_API_KEY and GEMINI_WEBHOOK_PUBLIC_URL, both    the real Gemini API. That costs money: see docs/sample.md
  SAMPLE_DATA_DIR  where the demo keeps its data; sample/.data unless given
`;

/** @throws Error whose message is for whoever typed the command */
export function readOptions(args: readonly string[]): DemoOptions {
  const { once, port, fleet, help } = parse(args);
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535))
    throw new Error(`--port: got "${port}". Give a number from 1 to 65535.`);
  return { once, port: port === undefined ? undefined : Number(port), fleet, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string' },
        fleet: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (cause) {
    // Node goes on with advice on positional arguments, which there are none of here.
    const [problem] = (cause as Error).message.split('. ');
    throw new Error(`${problem}. See npm run demo -- --help.`, { cause });
  }
}
