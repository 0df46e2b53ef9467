import { describe } from '@jest/globals';
import { ExamplePage } from './support/example-page.js';

describe('docs/security.md', () => {
  new ExamplePage('docs/security.md').everyExampleIsRun();
});
