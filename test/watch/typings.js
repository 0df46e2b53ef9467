import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelNamesIn } from './model-names.js';

/** What we depend on, and the types of the SDK that list it. The bundler may append a number to a type's name. */
const UNIONS = {
  subscribableEvents: 'WebhookSubscribedEvent',
  webhookStates: 'WebhookState',
  revocationBehaviors: 'RevocationBehavior',
  interactionStatuses: 'InteractionStatus',
  videoTasks: 'Task',
  videoDeliveries: 'VideoResponseFormatDelivery',
};
const ENUMS = { batchStates: 'JobState' };

/** Reads the typings of an installed `@google/genai`, given the folder of the package. */
export function typingsOf(folder) {
  return readFileSync(join(folder, 'dist', 'genai.d.ts'), 'utf8');
}

/** Reads from the SDK's typings what we depend on: lists of names, by what they are. A type that is gone lists nothing. */
export function factsOf(typings) {
  const unions = literalUnions(typings);
  const listed = (type) => [...unions].find(([name]) => name.replace(/_\d+$/, '') === type)?.[1] ?? [];
  return Object.fromEntries([
    ...Object.entries(UNIONS).map(([fact, type]) => [fact, listed(type).toSorted()]),
    ...Object.entries(ENUMS).map(([fact, type]) => [fact, enumValues(typings, type).toSorted()]),
  ]);
}

/** Reads the names of every model and agent that the typings list. Those of examples in comments do not count. */
export function listedModels(typings) {
  const names = [...literalUnions(typings).values()].flat();
  return new Set(names.filter((name) => modelNamesIn(name).some((found) => found.name === name)));
}

/** Every `declare type Name = "a" | "b" | (string & {});` */
function literalUnions(typings) {
  const unions = new Map();
  for (const [, name, union] of typings.matchAll(/^(?:export )?declare type (\w+) =([^;]*?["'][^;]*);/gm)) {
    const members = union
      .replaceAll('(string & {})', '')
      .split('|')
      .map((member) => member.trim());
    const literals = members.filter(Boolean).map((member) => /^(["'])(.*)\1$/.exec(member)?.[2]);
    if (literals.every((literal) => literal !== undefined)) unions.set(name, literals);
  }
  return unions;
}

function enumValues(typings, name) {
  const body = new RegExp(`declare enum ${name} \\{([^}]*)\\}`).exec(typings.replaceAll(/\/\*[\s\S]*?\*\//g, ''))?.[1];
  return [...(body ?? '').matchAll(/= "([^"]+)"/g)].map(([, value]) => value);
}
