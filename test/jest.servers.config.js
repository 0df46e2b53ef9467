import { readFileSync } from 'node:fs';
import { NEED_SERVERS } from './servers.js';

const { jest } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { testMatch: _match, ...alike } = jest;

export default {
  ...alike,
  rootDir: '..',
  testRegex: NEED_SERVERS.map((pattern) => `${pattern}.*\\.ts$`),
  testPathIgnorePatterns: [...jest.testPathIgnorePatterns, '/support/', '/fixtures/'],
  maxWorkers: 1,
  // A test that fails may leave a connection open. It shall fail the run, not keep it from ending.
  forceExit: true,
};
