import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Where the typings stand for the compiler. Nothing is written there: a build may be under way. */
const TYPINGS = join(ROOT, '.typings');

const ENTRY_POINTS = {
  'nestjs-gemini-webhooks': join(TYPINGS, 'index.d.ts'),
  'nestjs-gemini-webhooks/bullmq': join(TYPINGS, 'bullmq', 'index.d.ts'),
  'nestjs-gemini-webhooks/testing': join(TYPINGS, 'testing', 'index.d.ts'),
};

/** An error of the compiler. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** Whether all it says is that something is not used. */
  readonly isUnused: boolean;
}

/** 'X' is declared but never read, or never used, by the compiler's numbers. */
const UNUSED: ReadonlySet<number> = new Set([6133, 6138, 6192, 6196, 6198, 6199, 6205]);

/** The typings that lib is published with, made in memory, and what the compiler says of code that uses them. */
export class PublishedTypings {
  readonly #files = emitted();

  /**
   * The errors in the typings themselves and in these texts, which stand at paths where nothing needs to be, in the order
   * of their lines.
   */
  check(edited: ReadonlyMap<string, string>, options: ts.CompilerOptions): Finding[] {
    const program = ts.createProgram({
      rootNames: [...Object.values(ENTRY_POINTS), ...edited.keys()],
      options: {
        ...options,
        noEmit: true,
        // Else the compiler would be silent about the typings themselves.
        skipLibCheck: false,
        rootDir: ROOT,
        paths: Object.fromEntries(Object.entries(ENTRY_POINTS).map(([name, file]) => [name, [file]])),
      },
      host: this.#host(options, edited),
    });
    const sources = program
      .getSourceFiles()
      .filter(({ fileName }) => edited.has(fileName) || this.#files.has(fileName));
    return [
      ...program.getConfigFileParsingDiagnostics(),
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...sources.flatMap((source) => [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ]),
    ]
      .map(finding)
      .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  }

  #host(options: ts.CompilerOptions, edited: ReadonlyMap<string, string>): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    const textOf = (file: string) => edited.get(file) ?? this.#files.get(file);
    return {
      ...host,
      fileExists: (file) => textOf(file) !== undefined || host.fileExists(file),
      readFile: (file) => textOf(file) ?? host.readFile(file),
      directoryExists: (directory) => directory.startsWith(TYPINGS) || ts.sys.directoryExists(directory),
      getSourceFile: (file, version, ...rest) => {
        const text = textOf(file);
        return text === undefined
          ? host.getSourceFile(file, version, ...rest)
          : ts.createSourceFile(file, text, version);
      },
    };
  }
}

function emitted(): ReadonlyMap<string, string> {
  const { config } = ts.readConfigFile(join(ROOT, 'lib', 'tsconfig.json'), ts.sys.readFile) as { config: unknown };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, join(ROOT, 'lib'));
  const files = new Map<string, string>();
  const program = ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true, outDir: TYPINGS });
  program.emit(undefined, (file, text) => files.set(file, text));
  return files;
}

function finding({ file, start = 0, messageText, code }: ts.Diagnostic): Finding {
  return {
    file: file?.fileName ?? '',
    line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    isUnused: UNUSED.has(code),
  };
}
