import { posix } from 'node:path';
import { readJson, readText, type SchematicTree } from './tree.js';

/** The settings of Jest that decide which files it compiles. */
export interface JestSettings {
  readonly transform?: object;
  readonly transformIgnorePatterns?: readonly string[];
}

/** Makes Jest in CommonJS compile this package and its dependencies, which are ESM. */
const PATTERNS = ['/node_modules/(?!(\\.pnpm|nestjs-gemini-webhooks|jose|@nestjs/config)/)'];

/** Returns the settings with the patterns added, or `undefined` if they compile nothing or have patterns already. */
export function compilingPackages(settings: JestSettings | undefined): JestSettings | undefined {
  if (!settings?.transform || settings.transformIgnorePatterns) return undefined;
  return { ...settings, transformIgnorePatterns: PATTERNS };
}

/** Adds the patterns to the settings of an app's end-to-end tests, which import the root module. */
export function updateE2eSettings(tree: SchematicTree, sourceRoot: string): void {
  const { type } = readJson<{ type?: string }>(tree, 'package.json') ?? {};
  const file = posix.join(posix.dirname(sourceRoot), 'test', 'jest-e2e.json');
  const text = readText(tree, file);
  if (type === 'module' || text === undefined || !compilingPackages(settingsIn(text))) return;
  const line = `  "transformIgnorePatterns": ${JSON.stringify(PATTERNS)}`;
  tree.overwrite(
    file,
    text.replace(/\s*\}\s*$/, (end) => `,\n${line}${end}`),
  );
}

/** A file with comments, which Jest does not read either, stays as it is. */
function settingsIn(text: string): JestSettings | undefined {
  try {
    return JSON.parse(text) as JestSettings;
  } catch {
    return undefined;
  }
}
