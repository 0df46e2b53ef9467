import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SAMPLE = join(ROOT, 'sample');
const docs = readFileSync(join(ROOT, 'docs', 'sample.md'), 'utf8');
const sources = readdirSync(SAMPLE, { recursive: true, encoding: 'utf8' }).filter(
  (file) => !/^(dist|\.data)/.test(file),
);
const namesIn = (text: string) => new Set(text.match(/\b[A-Z]+(_[A-Z]+)+\b|\b(HOST|PORT)\b/g));

describe('the docs of the sample', () => {
  it('list every variable that its processes read', () => {
    const settings = readFileSync(join(SAMPLE, 'settings.ts'), 'utf8');
    const read = [...settings.matchAll(/(?:text\(|env\[)'([A-Z_]+)'/g)].map(([, name]) => name!);
    const [table] = /^Read by the web and worker processes[\s\S]*?\n\n## /m.exec(docs) ?? [''];

    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((name) => !namesIn(table).has(name))).toEqual([]);
  });

  it('name only files and folders that there are', () => {
    const named = [...docs.matchAll(/`(?:sample\/)?((?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*(?:\.ts|\.sql|\/))`/g)];
    const isThere = (name: string) => sources.some((file) => `/${file}`.endsWith(`/${name.replace(/\/$/, '')}`));

    expect(named.length).toBeGreaterThan(30);
    expect(named.map(([, name]) => name!).filter((name) => name !== 'sample/' && !isThere(name))).toEqual([]);
  });
});
