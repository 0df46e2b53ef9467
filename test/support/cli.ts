import { run } from '../../lib/cli/program.js';

/** Output and exit code of a command. */
export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly hasColours?: boolean;
  readonly columns?: number;
  /** Resolves when the user stops the command, which is never unless given. */
  readonly stopped?: () => Promise<unknown>;
  readonly fetch?: typeof fetch;
}

/** Runs a command in this process with the given environment. */
export async function cli(
  args: readonly string[],
  {
    env = {},
    hasColours = false,
    columns,
    stopped = () => new Promise(() => undefined),
    fetch = globalThis.fetch,
  }: CliOptions = {},
): Promise<CliResult> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    print: (line) => void out.push(line),
    printError: (line) => void err.push(line),
    stopped,
    columns,
    environment: env,
    hasColours,
    fetch: (...request) => fetch(...request),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
