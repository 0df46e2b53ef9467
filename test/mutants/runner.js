import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Tests replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

/** How long a test with a mutant may take: a mutant that makes a test wait forever is killed. */
const MIN_TEST_MS = 10_000;
const TEST_TIMES_DURATION = 10;
/** How long a test may take without a mutant. */
const DRY_TEST_MS = 120_000;
/** Specs may sign deliveries when they are imported, which would soon be too old. */
const SPECS_LAST_MS = 60_000;

/** Errors that no code awaits. As in Jest, they fail the test that is running. */
let strayError;

/**
 * Runs tests for Stryker with Jest's API, but without Jest: it imports the code once and then runs the tests that reach a
 * mutant up to the first failure, which takes milliseconds. The runner for Jest imports the files, and all packages that
 * they need, again for each mutant, and runs all its tests.
 */
class Runner {
  #api;
  #importedAt = -Infinity;
  /** How long each test took the first time. */
  #durations = new Map();

  /** Modules are imported once, so Stryker starts a process for each mutant that is evaluated at import. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  init() {
    process.env.NODE_ENV = 'test';
    // Not when this file is imported: Stryker's main process imports it, too, and must fail by its own errors.
    for (const event of ['unhandledRejection', 'uncaughtException'])
      process.on(event, (error) => (strayError ??= { error }));
    // Logs of thousands of runs.
    for (const stream of [process.stdout, process.stderr]) stream.write = () => true;
  }

  async dryRun() {
    await this.#import();
    const tests = await this.#runTests({
      limitFor: () => DRY_TEST_MS,
      onStart: (id) => (stryker().currentTestId = id),
    });
    stryker().currentTestId = undefined;
    return { status: DryRunStatus.Complete, tests, mutantCoverage: stryker().mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    Object.assign(stryker(), { hitLimit, hitCount: hitLimit === undefined ? undefined : 0 });
    try {
      if (mutantActivation === 'static') stryker().activeMutant = activeMutant.id;
      await this.#import();
      stryker().activeMutant = activeMutant.id;
      const tests = await this.#runTests({
        isSelected: testFilter && ((id) => testFilter.includes(id)),
        limitFor: (id) => Math.max(MIN_TEST_MS, (this.#durations.get(id) ?? 0) * TEST_TIMES_DURATION),
        isLast: ({ status }) => status === TestStatus.Failed,
      });
      const endless = determineHitLimitReached(stryker().hitCount, hitLimit);
      return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests });
    } catch (error) {
      return toMutantRunResult({ status: DryRunStatus.Complete, tests: [resultOf('import', 0, { error })] });
    } finally {
      stryker().activeMutant = undefined;
    }
  }

  async #import() {
    if (Date.now() - this.#importedAt < SPECS_LAST_MS) return;
    this.#importedAt = Date.now();
    this.#api = await import(pathToFileURL(resolve('test/mutants/jest-api.js')).href);
    this.#api.root.children.length = 0;
    for (const spec of JSON.parse(process.env.MUTANT_SPECS)) {
      this.#api.openFile(spec);
      const { href } = pathToFileURL(resolve(spec.replace(/\.ts$/, '.js')));
      await import(`${href}?at=${this.#importedAt}`);
    }
  }

  async #runTests({ isSelected = () => true, limitFor, onStart = () => undefined, isLast = () => false }) {
    const { root, jest } = this.#api;
    const results = [];
    const isDone = () => results.length > 0 && isLast(results.at(-1));
    const hasTest = (node) => (node.run ? isSelected(node.id) : node.children.some(hasTest));

    const runTest = async (test, blocks, broken) => {
      onStart(test.id);
      const startedAt = performance.now();
      const limitMs = limitFor(test.id);
      let failure = broken;
      if (!failure) {
        for (const hook of blocks.flatMap(({ beforeEach }) => beforeEach)) failure ??= await attempt(hook, limitMs);
        failure ??= await attempt(test.run, limitMs);
        for (const hook of blocks.toReversed().flatMap(({ afterEach }) => afterEach)) {
          const inHook = await attempt(hook, limitMs);
          failure ??= inHook;
        }
      }
      const tookMs = performance.now() - startedAt;
      if (!this.#durations.has(test.id)) this.#durations.set(test.id, tookMs);
      results.push(resultOf(test.id, tookMs, failure));
    };

    const runBlock = async (block, outer) => {
      const blocks = [...outer, block];
      let broken;
      for (const hook of block.beforeAll) broken ??= await attempt(hook, DRY_TEST_MS);
      for (const child of block.children.filter(hasTest)) {
        if (isDone()) break;
        await (child.run ? runTest(child, blocks, broken) : runBlock(child, blocks));
      }
      for (const hook of block.afterAll) await attempt(hook, DRY_TEST_MS);
    };

    await runBlock(root, []);
    if (isDone()) {
      jest.useRealTimers();
      jest.restoreAllMocks();
    }
    return results;
  }
}

/** What the mutated code reads: which mutant is active, and where to count. */
function stryker() {
  return (globalThis.__stryker__ ??= {});
}

/** Returns what failed, in an object, because anything can be thrown. */
async function attempt(work, limitMs) {
  let timer;
  strayError = undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${limitMs} ms.`)), limitMs);
  });
  try {
    await Promise.race([(async () => work())(), late]);
    return strayError;
  } catch (error) {
    return { error };
  } finally {
    clearTimeout(timer);
  }
}

function resultOf(id, tookMs, failure) {
  const result = { id, name: id, timeSpentMs: Math.round(tookMs) };
  if (!failure) return { ...result, status: TestStatus.Success };
  return { ...result, status: TestStatus.Failed, failureMessage: String(failure.error?.stack ?? failure.error) };
}

const createRunner = Object.assign(() => new Runner(), { inject: tokens(commonTokens.logger) });

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'repeated', createRunner)];
