import { describe } from '@jest/globals';
import { ExamplePage } from './support/example-page.js';

const page = new ExamplePage('docs/architecture.md');

describe('docs/architecture.md', () => {
  page.picture('Architecture');
  page.everyExampleIsRun();
});
