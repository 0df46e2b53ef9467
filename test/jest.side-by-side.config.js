import { readFileSync } from 'node:fs';
import { NEED_SERVERS } from './servers.js';

const { jest } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { globalSetup: _setup, globalTeardown: _teardown, ...alike } = jest;

export default {
  ...alike,
  rootDir: '..',
  testPathIgnorePatterns: [...jest.testPathIgnorePatterns, ...NEED_SERVERS],
  maxWorkers: '100%',
};
