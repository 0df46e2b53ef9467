import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface DemoOptions {
  /** End after the walk-through. */
  readonly once: boolean;
  /** Where the app listens; 0 for any free port. */
  readonly port: number;
  readonly help: boolean;
}

export const HELP = `Starts the sample app and sends it deliveries as Gemini would. Needs no key and no network.

  npm run demo                   show it, then stay up
  npm run demo -- --once         show it, check it, and end: exit code 0 if all went as it should
  npm run demo -- --port 3000    listen there instead of on a free port
  npm run demo -- --help         this text
`;

/** @throws Error whose message is for whoever typed the command */
export function readOptions(args: readonly string[]): DemoOptions {
  const { once, port, help } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port: got "${port}". Give a number from 0 (any free port) to 65535.`);
  return { once, port: Number(port), help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (cause) {
    // Node goes on with advice on positional arguments, which there are none of here.
    const [problem] = (cause as Error).message.split('. ');
    throw new Error(`${problem}. See npm run demo -- --help.`, { cause });
  }
}
