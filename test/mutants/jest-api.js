import { ModernFakeTimers } from '@jest/fake-timers';
import { jestExpect } from '@jest/expect';
import { bind } from 'jest-each';
import { ModuleMocker } from 'jest-mock';

/** What tests import from `@jest/globals`, made of Jest's own packages. It collects the tests in a tree, to run them often. */
export const root = block('', undefined);
let current = root;

/** Starts the tests of a file, whose names then start with that of the file. */
export function openFile(name) {
  current = block(name, root);
  root.children.push(current);
}

export function describe(name, define) {
  const parent = current;
  current = block(nameOf(name), parent);
  parent.children.push(current);
  try {
    define();
  } finally {
    current = parent;
  }
}

export function it(name, run) {
  current.children.push({ id: `${current.id} ${nameOf(name)}`, run });
}

describe.each = bind(describe, false);
it.each = bind(it, false);
describe.skip = () => undefined;
export const test = it;

export const beforeAll = (hook) => void current.beforeAll.push(hook);
export const afterAll = (hook) => void current.afterAll.push(hook);
export const beforeEach = (hook) => void current.beforeEach.push(hook);
export const afterEach = (hook) => void current.afterEach.push(hook);

export { jestExpect as expect };

const mocks = new ModuleMocker(globalThis);
const timers = new ModernFakeTimers({ config: { fakeTimers: {}, rootDir: '/' }, global: globalThis });

export const jest = {
  fn: (implementation) => mocks.fn(implementation),
  spyOn: (...given) => mocks.spyOn(...given),
  restoreAllMocks: () => mocks.restoreAllMocks(),
  // The runner has its own limit.
  setTimeout: () => undefined,
  useFakeTimers: (config) => timers.useFakeTimers(config),
  useRealTimers: () => timers.useRealTimers(),
  advanceTimersByTime: (ms) => timers.advanceTimersByTime(ms),
  advanceTimersByTimeAsync: (ms) => timers.advanceTimersByTimeAsync(ms),
  getTimerCount: () => timers.getTimerCount(),
  setSystemTime: (now) => timers.setSystemTime(now),
};

function block(name, parent) {
  const id = parent?.id ? `${parent.id} ${name}` : name;
  return { id, children: [], beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
}

function nameOf(name) {
  // An error in a name brings its stack, which differs each time that the file is imported.
  return (typeof name === 'function' ? name.name : String(name)).split('\n')[0];
}
