import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './jest/tiers.js';

interface Explanation {
  readonly reason: string;
  readonly mutants: readonly string[];
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const survivors = Object.entries(
  JSON.parse(read('test/mutants/survivors.json')) as Record<string, readonly Explanation[]>,
);

describe('the list of mutants that no test kills', () => {
  it('gives a reason for each, in code that still exists', () => {
    expect(survivors.length).toBeGreaterThan(0);
    for (const [file, explanations] of survivors) {
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
      const code = read(file).replaceAll(/\s+/g, ' ');
      for (const { reason, mutants } of explanations) {
        expect(reason).toMatch(/^[A-Z].{20,}\.$/);
        expect(mutants.length).toBeGreaterThan(0);
        for (const mutant of mutants) {
          const original = /^\w+: (.*?)…? → /s.exec(mutant)?.[1] ?? mutant;
          expect([file, code.includes(original) ? original : 'gone']).toEqual([file, original]);
        }
      }
    }
  });
});

describe('the weekly job', () => {
  it('tests the mutants of every run', () => {
    const runs = [...read('test/mutants/runs.js').matchAll(/^  '?([\w-]+)'?: \{/gm)].map(([, name]) => name);
    const [, listed = ''] = /^ +run: \[(.*)\]$/m.exec(read('.github/workflows/weekly.yml')) ?? [];

    expect(runs.length).toBeGreaterThan(5);
    expect(listed.split(', ')).toEqual(runs);
  });
});
