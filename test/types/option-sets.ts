import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './published-typings.js';

/** Compiler options of an app that `nest new` makes, apart from those that say what to emit and where. */
const STARTER = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  types: ['node'],
};

const JSON_OPTIONS = {
  "Nest 12's starter": { ...STARTER, strict: true, strictPropertyInitialization: false },
  "Nest 12's starter without strict": { ...STARTER, strict: false, strictPropertyInitialization: false },
  "Nest 11's starter": {
    ...STARTER,
    strict: false,
    strictNullChecks: true,
    noImplicitAny: false,
    strictBindCallApply: false,
    forceConsistentCasingInFileNames: true,
    noFallthroughCasesInSwitch: false,
  },
};

/** The settings that users start with. */
export const starters: readonly { readonly name: string; readonly options: ts.CompilerOptions }[] = Object.entries(
  JSON_OPTIONS,
).map(([name, json]) => ({ name, options: parsed(json) }));

/** Those of this repository. */
export function ownOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, ROOT).options;
}

function parsed(json: object): ts.CompilerOptions {
  const { options, errors } = ts.convertCompilerOptionsFromJson(json, ROOT);
  if (errors.length > 0) throw new Error(errors.map(({ messageText }) => messageText).join('\n'));
  return options;
}
