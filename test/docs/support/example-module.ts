import ts from 'typescript';
import { ownOptions } from '../../types/option-sets.js';

/** Resolves imports of the package in an example to the code of this repository. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  'nestjs-gemini-webhooks': '../../../lib/index.js',
  'nestjs-gemini-webhooks/bullmq': '../../../lib/bullmq/index.js',
  'nestjs-gemini-webhooks/testing': '../../../lib/testing/index.js',
};

let imported = 0;

/**
 * Compiles an example with the settings of this repository and imports it: a new module each time. Its types are checked
 * by test/types/types.spec.ts.
 */
export async function importExample<Exports>(code: string): Promise<Exports> {
  const { outputText } = ts.transpileModule(code, {
    // The name makes it a module, because there is no package.json next to it.
    fileName: 'example.mts',
    compilerOptions: { ...ownOptions(), paths: {} },
  });
  const linked = outputText.replaceAll(
    /^(import .*|\} )from '([^']+)'/gm,
    (_, before: string, name: string) => `${before}from '${import.meta.resolve(ENTRY_POINTS[name] ?? name)}'`,
  );
  imported += 1;
  return (await import(`data:text/javascript,${encodeURIComponent(`${linked}// ${imported}`)}`)) as Exports;
}
