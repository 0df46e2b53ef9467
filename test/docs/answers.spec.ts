import { describe } from '@jest/globals';
import { ExamplePage } from './support/example-page.js';

describe('docs/answers.md', () => {
  new ExamplePage('docs/answers.md').everyExampleIsRun();
});
