import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Matches what looks like a model or an agent of Google's. Names of this package, such as `gemini-webhooks` and
 * `gemini-binding`, do not: after `gemini-` comes a version or one of Google's words for a family. Nor does `Veo-made`.
 */
const NAME =
  /(?<![\w-])(?:gemini-(?:\d|(?:omni|embedding|flash|pro|ultra|nano|live|robotics|exp)\b)|(?:veo|imagen|lyria|gemma)-(?![a-z])|nano-banana|text-embedding-|embedding-\d|antigravity-|deep-research-(?=\w))[\w.-]*/gi;

/** What ends a file's name: `veo-rules.js` is no model. */
const FILE = /\.(?:[cm]?[jt]s|json|md|mp4|jsonl|css|html|svg|png)$/;

/** Where model names are looked for, below the repository's root. The changelog tells of the past. */
const PLACES = ['README.md', 'docs', 'lib', 'sample'];
const TEXT = /\.(?:md|[cm]?[jt]s|json|html|sql|css)$/;
const BUILT = /(?:^|\/)(?:dist|node_modules|\.data)\//;

/**
 * Embedding models, which the SDK's typings do not list. Read in 2026-11 from
 * https://ai.google.dev/gemini-api/docs/models/gemini-embedding-2 (page of 2026-04-22) and
 * https://ai.google.dev/gemini-api/docs/embeddings. `text-embedding-004`, which the SDK's examples name, was shut down on
 * 2026-01-14.
 */
export const EMBEDDING_MODELS = ['gemini-embedding-2', 'gemini-embedding-001'];

/** Finds the model names of a text, each with its line, from 1. */
export function modelNamesIn(text) {
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(NAME)]
      // `gemini-omni-` is how the names of a family begin.
      .filter(([match]) => match !== 'gemini-omni-')
      .map(([match]) => match.replace(/[^\w]+$/, ''))
      .filter((name) => !FILE.test(name))
      .map((name) => ({ line: index + 1, name })),
  );
}

/** Finds the model names of README, docs, lib and sample, each with its file and line. */
export function modelNamesOf(root) {
  return PLACES.flatMap((place) => (place.endsWith('.md') ? [place] : filesBelow(root, place))).flatMap((file) =>
    modelNamesIn(readFileSync(join(root, file), 'utf8')).map(({ line, name }) => ({ file, line, name })),
  );
}

function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => TEXT.test(file) && !BUILT.test(file) && !file.startsWith('docs/api/'))
    .toSorted();
}
