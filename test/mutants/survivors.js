import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../jest/tiers.js';

const MAX_LENGTH = 160;

/**
 * The mutants that no test kills, by file, each with the reason. A mutant is named by what it changes, not by its line, which
 * moves.
 */
export function explainedSurvivors() {
  return JSON.parse(readFileSync(join(ROOT, 'test', 'mutants', 'survivors.json'), 'utf8'));
}

/** Names a mutant: `EqualityOperator: a < b → a <= b`. */
export function nameOf({ mutatorName, replacement = '', location: { start, end } }, source) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return `${mutatorName}: ${short(lines.join('\n'))} → ${short(replacement)}`;
}

/** Returns what the list and the survivors of a run do not agree on. */
export function compare(survivors, explained) {
  const listed = [...explained];
  const unexplained = survivors.filter((name) => {
    const index = listed.indexOf(name);
    if (index >= 0) listed.splice(index, 1);
    return index < 0;
  });
  return { unexplained, outdated: listed };
}

function short(code) {
  const line = code.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
