import type { Variable } from './templates.js';
import { readText, writeText, type SchematicTree } from './tree.js';

const FILE = '.env.example';

/** Appends the variables that the file does not mention. */
export function appendVariables(tree: SchematicTree, variables: readonly Variable[]): void {
  const text = readText(tree, FILE) ?? '';
  const missing = variables.filter(({ name }) => !new RegExp(`^\\s*#?\\s*(export\\s+)?${name}\\s*=`, 'm').test(text));
  if (missing.length === 0) return;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const before = text === '' || text.endsWith('\n') ? text : `${text}${newline}`;
  const gap = before === '' ? '' : newline;
  const lines = missing.flatMap(({ name, value, comment }) => [`# ${comment}`, `${name}=${value}`]);
  writeText(tree, FILE, `${before}${gap}${lines.map((line) => `${line}${newline}`).join('')}`);
}
