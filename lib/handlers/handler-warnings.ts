import type { EventHandler } from './event-handler.js';

/** Shows how a bundler that includes this package renames classes. */
const ClassNameProbe = class ClassNameProbe {};
const PROBE_NAME = 'ClassNameProbe';
/** Max length of a class name that counts as minified. A bundle with thousands of classes needs four characters. */
const MINIFIED_LENGTH = 2;
const MINIFIED_LENGTH_IN_BUNDLE = 4;
const MAX_NAMED = 20;
const STORED = 'pending events would be handled twice or lost';
const CLAIMED = 'if a handler uses context.claim, an event that Google retries after a deploy would be claimed twice';

/**
 * Returns warnings about the handlers that an app has found at start.
 *
 * @param areStored true if an inbox stores the names; without one, only claims depend on them
 */
export function handlerWarnings(
  found: readonly EventHandler[],
  { areStored }: { readonly areStored: boolean },
): string[] {
  const warnings: string[] = [];
  if (found.length === 0) {
    warnings.push('No handler with @OnGeminiEvent was found: events are accepted, but no method handles them.');
  }
  const renaming = renamingOf(ClassNameProbe.name);
  const renamed = found.map(({ name }) => name).filter((name) => renaming.looks(name));
  if (renamed.length > 0) {
    warnings.push(
      `Handler names look ${renaming.how}: ${renamed.slice(0, MAX_NAMED).join(', ')}. Such names change with each build: ${areStored ? STORED : CLAIMED}. Keep class names (esbuild: keepNames), or give each handler a name.`,
    );
  }
  return warnings;
}

/**
 * Detects how a bundler renames classes from the probe's current name, and which handler names look renamed. A class with a
 * number from the bundler (`Orders2`, esbuild without `keepNames`) may have another number in the next build.
 */
export function renamingOf(probeName: string): { readonly how: string; looks(handlerName: string): boolean } {
  const suffix = probeName.startsWith(PROBE_NAME) ? probeName.slice(PROBE_NAME.length) : undefined;
  if (suffix) return { how: 'numbered by a bundler', looks: (name) => /^[\w$]+\d\./.test(name) };
  const longest = suffix === undefined ? MINIFIED_LENGTH_IN_BUNDLE : MINIFIED_LENGTH;
  return { how: 'minified', looks: (name) => /^[\w$]+\./.test(name) && name.indexOf('.') <= longest };
}
