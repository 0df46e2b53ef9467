import { ROOT } from './tiers.js';

/** A setting of the whole run: Jest takes no notice of it in a project. */
export const TEST_TIMEOUT_MS = 30_000;

/** What every run of Jest here has in common: TypeScript as ES modules, compiled and not type-checked. */
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
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/sample/dist'],
};

/** What tests of real stores need: they are found or started before, and stopped after. */
export const SERVERS = {
  globalSetup: '<rootDir>/test/jest/find-servers.js',
  globalTeardown: '<rootDir>/test/jest/stop-servers.js',
};
