import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ts from 'typescript';
import { CannotWire } from './tree.js';

export type TypeScript = typeof ts;

/**
 * Loads the compiler of the app, or else the one of its Nest CLI.
 *
 * @throws CannotWire if neither can be loaded
 */
export function loadTypeScript(directory = process.cwd()): TypeScript {
  const ofTheApp = createRequire(join(directory, 'package.json'));
  const compiler = loaded(ofTheApp) ?? ofTheCli(ofTheApp);
  if (compiler) return compiler;
  throw new CannotWire(
    'The app has no TypeScript compiler with an API: run "npm install --save-dev typescript@6" and run the command again.',
  );
}

function ofTheCli(ofTheApp: NodeJS.Require): TypeScript | undefined {
  try {
    return loaded(createRequire(ofTheApp.resolve('@nestjs/cli/package.json')));
  } catch {
    return undefined;
  }
}

/** A compiler without this API, such as a native one, counts as absent. */
function loaded(require: NodeJS.Require): TypeScript | undefined {
  try {
    const compiler = require('typescript') as Partial<TypeScript>;
    const isUsable = typeof compiler.createSourceFile === 'function' && typeof compiler.getDecorators === 'function';
    return isUsable ? (compiler as TypeScript) : undefined;
  } catch {
    return undefined;
  }
}
