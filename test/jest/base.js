import { ROOT } from './tiers.js';

/** A setting for the whole run, which Jest ignores in a project. */
export const TEST_TIMEOUT_MS = 30_000;

/** Shared settings of every Jest run: TypeScript as ES modules, compiled without a type check. */
export const BASE = {
  rootDir: ROOT,
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^cookie$': '<rootDir>/node_modules/cookie/index.js',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist'],
};

/** Settings for tests with real stores, which are found or started before and stopped after. */
export const SERVERS = {
  globalSetup: '<rootDir>/test/jest/find-servers.js',
  globalTeardown: '<rootDir>/test/jest/stop-servers.js',
};
