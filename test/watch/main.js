import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { changesBetween } from './compare.js';
import { installSdk, ownSdk } from './installed-sdk.js';
import { EMBEDDING_MODELS, modelNamesOf } from './model-names.js';
import { observe } from './observe.js';
import { listedModels, typingsOf } from './typings.js';

const ROOT = join(import.meta.dirname, '..', '..');
const USAGE = `Compares what this package depends on with @google/genai, by default with the newest version of the registry.

  npm run check:gemini                        exit code 1 if something that we depend on has changed
  npm run check:gemini -- --update            write the snapshot
  npm run check:gemini -- --sdk 3.1.0         another version or tag (or GENAI_VERSION)
  npm run check:gemini -- --sdk installed     the version that is installed here
  npm run check:gemini -- --expected <file>   another snapshot
`;

async function main() {
  const { values } = parseArgs({
    options: {
      update: { type: 'boolean', default: false },
      sdk: { type: 'string', default: process.env.GENAI_VERSION || 'latest' },
      expected: { type: 'string', default: join(import.meta.dirname, 'expected.json') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const sdk = values.sdk === 'installed' ? ownSdk(ROOT) : installSdk(values.sdk);
  try {
    const found = await observe(sdk.folder);
    if (values.update) await save(values.expected, found);
    else report(JSON.parse(readFileSync(values.expected, 'utf8')), found);
  } finally {
    sdk.remove();
  }
}

async function save(file, { version, observed }) {
  const text = JSON.stringify({ version, observed });
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'json' }));
  process.stdout.write(`Snapshot of @google/genai ${version} written to ${file}.\n`);
}

function report(expected, { version, models, observed }) {
  const used = modelsInUse();
  const changes = [
    ...changesBetween(expected.observed, observed),
    ...used.filter((name) => !models.has(name)).map((name) => `models: ${name} is in use here and no longer listed`),
  ];
  const compared = `@google/genai ${version} against the snapshot of ${expected.version}`;
  if (changes.length === 0) {
    process.stdout.write(`${compared}: nothing that we depend on has changed. Models in use: ${used.join(', ')}.\n`);
    return;
  }
  const lines = changes.map((change) => `  - ${change}\n`).join('');
  process.stdout.write(`${compared}: ${changes.length} changed.\n${lines}`);
  process.stdout.write('Adapt lib and the simulator, then run: npm run check:gemini -- --update\n');
  process.exitCode = 1;
}

/** The models that this repository names and the SDK it develops with lists. Others fail test/models.spec.ts. */
function modelsInUse() {
  const listed = listedModels(typingsOf(ownSdk(ROOT).folder));
  const names = new Set(modelNamesOf(ROOT).map(({ name }) => name));
  return [...names].filter((name) => listed.has(name) && !EMBEDDING_MODELS.includes(name)).toSorted();
}

// What is set for the app would change the requests.
for (const name of Object.keys(process.env)) if (/^(?:GOOGLE|GEMINI)_/.test(name)) delete process.env[name];

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
