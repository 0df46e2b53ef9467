/** What a command is run in: all that it has of the process. */
export interface CommandHost {
  /** Prints one line (or several) of the result. */
  print(line: string): void;
  /** Prints what is said beside the result. */
  printError(line: string): void;
  /** Resolves when the command is to end. */
  stopped(): Promise<unknown>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether what is printed is read on a terminal with colours. */
  readonly hasColours: boolean;
  readonly fetch: typeof fetch;
}
