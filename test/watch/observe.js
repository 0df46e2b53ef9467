import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callsOf, readingsOf } from './calls.js';
import { Recorder } from './recorder.js';
import { factsOf, listedModels, typingsOf } from './typings.js';

/** Reads from an installed `@google/genai`, given its folder, everything that we depend on. */
export async function observe(folder) {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const typings = typingsOf(folder);
  return { version, models: listedModels(typings), observed: { ...factsOf(typings), ...(await observeCalls(folder)) } };
}

async function observeCalls(folder) {
  const recorder = await Recorder.start();
  const temporary = await mkdtemp(join(tmpdir(), 'check-gemini-'));
  try {
    const { GoogleGenAI } = createRequire(join(folder, 'package.json'))('@google/genai');
    const ai = new GoogleGenAI({ apiKey: 'a-key', vertexai: false, httpOptions: { baseUrl: recorder.origin } });
    const requests = {};
    for (const [name, [call, answer]] of Object.entries(await callsOf(ai, temporary))) {
      const { requests: made, error } = await recorder.during(call, answer);
      requests[name] = { requests: made, ends: error === undefined ? 'resolves' : 'rejects' };
    }
    const answers = {};
    for (const [name, [call, answer, read]] of Object.entries(readingsOf(ai))) {
      const { result, error } = await recorder.during(call, answer);
      answers[name] = error === undefined ? (read(result) ?? null) : `rejects: ${error}`;
    }
    return withoutOrigin({ requests, answers }, recorder.origin);
  } finally {
    await recorder.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

function withoutOrigin(value, origin) {
  return JSON.parse(JSON.stringify(value).replaceAll(origin, 'https://gemini'));
}
