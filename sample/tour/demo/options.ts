import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface DemoOptions {
  /** End after the walk-through. */
  readonly once: boolean;
  /** Where the app listens; 0 for any free port. */
  readonly port: number;
  /** Who keeps accepted events: nobody, a PostgreSQL that the demo starts, or the store at a URL. */
  readonly inbox: 'inline' | 'postgres' | URL;
  readonly help: boolean;
}

export const HELP = `Starts a small app beside a simulated Gemini and shows single deliveries, one after the other: what comes in and what
becomes of it. Needs no key and no network.

  npm run demo -- --tour                show it, then stay up
  npm run demo -- --tour --once         show it, check it, and end: exit code 0 if all went as it should
  npm run demo -- --tour --port 3000    listen there instead of on a free port
  npm run demo -- --inbox postgres             keep events in a PostgreSQL that the tour brings along
  npm run demo -- --inbox redis://127.0.0.1    keep them in a store of yours; postgres:// serves as well
  npm run demo -- --tour --help         this text
`;

/** @throws Error whose message is for whoever typed the command */
export function readOptions(args: readonly string[]): DemoOptions {
  const { once, port, inbox, help } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port: got "${port}". Give a number from 0 (any free port) to 65535.`);
  return { once, port: Number(port), inbox: readInbox(inbox), help };
}

function readInbox(inbox: string): DemoOptions['inbox'] {
  if (inbox === 'inline' || inbox === 'postgres') return inbox;
  const url = URL.canParse(inbox) ? new URL(inbox) : undefined;
  if (url && /^(rediss?|postgres(ql)?):$/.test(url.protocol)) return url;
  throw new Error('--inbox: give inline, postgres, or a redis:// or postgres:// URL.');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        inbox: { type: 'string', default: 'inline' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (cause) {
    // Node goes on with advice on positional arguments, which there are none of here.
    const [problem] = (cause as Error).message.split('. ');
    throw new Error(`${problem}. See npm run demo -- --tour --help.`, { cause });
  }
}
