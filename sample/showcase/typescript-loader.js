import { transformSync } from '@swc/core';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

/** Runs the package and the samples from their TypeScript sources, so that the demo starts without a build. */
const PACKAGE = {
  'nestjs-gemini-webhooks': new URL('../../lib/index.ts', import.meta.url).href,
  'nestjs-gemini-webhooks/bullmq': new URL('../../lib/bullmq/index.ts', import.meta.url).href,
  'nestjs-gemini-webhooks/testing': new URL('../../lib/testing/index.ts', import.meta.url).href,
};

const SWC = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, verbatimModuleSyntax: true },
  },
};

/**
 * @param {string} specifier
 * @param {{ parentURL?: string }} context
 * @param {(specifier: string, context: object) => unknown} nextResolve
 */
export function resolve(specifier, context, nextResolve) {
  const own = PACKAGE[specifier];
  if (own !== undefined) return { url: own, format: 'module', shortCircuit: true };
  if (specifier.startsWith('.') && context.parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true };
  }
  return nextResolve(specifier, context);
}

/**
 * @param {string} url
 * @param {object} context
 * @param {(url: string, context: object) => unknown} nextLoad
 */
export function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = transformSync(readFileSync(filename, 'utf8'), { ...SWC, filename });
  return { source: code, format: 'module', shortCircuit: true };
}

// Node 20 has no `registerHooks`: there this file runs a second time, in the thread that loads modules.
if (module.registerHooks) module.registerHooks({ resolve, load });
else if (isMainThread) module.register(import.meta.url);
