import { readFileSync } from 'node:fs';

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export default {
  ...jest,
  rootDir: '../..',
  roots: ['<rootDir>/test/package'],
  testPathIgnorePatterns: ['/node_modules/', '/test/package/hosts/'],
  globalSetup: '<rootDir>/test/package/pack.js',
  globalTeardown: '<rootDir>/test/package/unpack.js',
  // Installing, compiling and booting apps takes its time, and more of it side by side.
  maxWorkers: 1,
  testTimeout: 300_000,
};
