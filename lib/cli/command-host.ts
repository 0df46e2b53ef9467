/** Process that a command runs in, as far as it uses it. */
export interface CommandHost {
  /** Prints one or more lines of the result. */
  print(line: string): void;
  /** Prints messages that are not part of the result. */
  printError(line: string): void;
  /** Resolves when the user stops the command. */
  stopped(): Promise<unknown>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Width of the terminal; `undefined` if the output goes elsewhere. */
  readonly columns?: number | undefined;
  /** True if the output goes to a terminal with colours. */
  readonly hasColours: boolean;
  readonly fetch: typeof fetch;
}
