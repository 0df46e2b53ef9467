import { Stryker } from '@stryker-mutator/core';
import { readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../jest/tiers.js';
import { RUNS } from './runs.js';
import { compare, explainedSurvivors, nameOf } from './survivors.js';

// `npm run test:mutants`, or `npm run test:mutants -- signature lib/events/event-key.ts` for some of the runs or files.
const MIN_SCORE = 90;
const SANDBOX = 'test-results/mutants';

const { positionals } = parseArgs({ allowPositionals: true });
const isWanted = (word) => positionals.length === 0 || positionals.includes(word);
const chosen = Object.entries(RUNS)
  .map(([name, { files, specs }]) => [name, { files: isWanted(name) ? files : files.filter(isWanted), specs }])
  .filter(([, { files }]) => files.length > 0);
const found = new Set(chosen.flatMap(([name, { files }]) => [name, ...files]));
const unknown = positionals.filter((word) => !found.has(word));
if (unknown.length > 0)
  throw new Error(`No run or file ${unknown.join(', ')}. The runs are ${Object.keys(RUNS).join(', ')}.`);

for (const [name, some] of chosen) await run(name, some);

async function run(name, { files, specs }) {
  const startedAt = performance.now();
  process.env.MUTANT_SPECS = JSON.stringify(specs);
  const results = await new Stryker({
    testRunner: 'repeated',
    plugins: [join(import.meta.dirname, 'runner.js')],
    coverageAnalysis: 'perTest',
    buildCommand: 'node test/mutants/compile.js',
    // Nothing checks types in a run, so Stryker need not turn that off in each file.
    disableTypeChecks: false,
    mutate: files,
    ignorePatterns: ['docs', 'findings', 'sample', 'test-results', 'test/bench', 'test/package', 'test/sample'],
    tempDirName: `${SANDBOX}/${name}`,
    concurrency: 2,
    timeoutMS: 60_000,
    dryRunTimeoutMinutes: 15,
    warnings: { slow: false },
    reporters: [process.stdout.isTTY ? 'progress' : 'dots'],
    logLevel: 'warn',
  }).runMutationTest();
  rmSync(join(ROOT, SANDBOX, name), { recursive: true, force: true });
  report({ name, files }, results, Math.round((performance.now() - startedAt) / 1000));
}

function report({ name, files }, results, seconds) {
  const count = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
  const valid = count('Killed', 'Timeout', 'Survived', 'NoCoverage');
  const score = (100 * count('Killed', 'Timeout')) / valid;
  print(
    `${name}: ${score.toFixed(1)} % of ${valid} mutants in ${seconds} s: ${count('Killed')} killed, ` +
      `${count('Timeout')} timed out, ${count('Survived')} survived, ${count('NoCoverage')} in code that no test runs`,
  );
  const isWhole = files.length === RUNS[name].files.length;
  if (isWhole && !(score >= MIN_SCORE)) fail(`${name}: the score is below ${MIN_SCORE} %.`);

  const explained = explainedSurvivors();
  const survivors = results.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  for (const file of files) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const names = survivors
      .filter(({ fileName }) => relative(ROOT, resolve(ROOT, fileName)) === file)
      .map((mutant) => nameOf(mutant, source));
    const { unexplained, outdated } = compare(
      names,
      (explained[file] ?? []).flatMap(({ mutants }) => mutants),
    );
    for (const mutant of unexplained) fail(`${file}: no test kills, and survivors.json does not explain, ${mutant}`);
    for (const mutant of outdated) fail(`${file}: survivors.json explains what does not survive: ${mutant}`);
  }
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function fail(line) {
  print(line);
  process.exitCode = 1;
}
