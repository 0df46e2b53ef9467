import { expect, it } from '@jest/globals';
import type { DynamicModule } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocksOf, type CodeBlock } from '../../support/code-blocks.js';
import { importExample } from './example-module.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Selects one of the blocks under a heading. */
export interface Place {
  /** @default 'ts' */
  readonly language?: string;
  /** Position among the blocks of that language, from 1. @default 1 */
  readonly nth?: number;
}

/** Parts of an example that differ in each app. */
export interface Surroundings {
  /** Replacements for addresses, files and secrets that readers replace with their own. */
  readonly replace?: Readonly<Record<string, string>>;
  /** Lines to append to the example. */
  readonly append?: string;
}

/** A code block of a page, for the test that runs it. */
export class Example {
  isRun = false;

  constructor(readonly block: CodeBlock) {}

  /** The text that is run. */
  text({ replace = {}, append = '' }: Surroundings = {}): string {
    this.isRun = true;
    let { code } = this.block;
    for (const [from, to] of Object.entries(replace)) {
      if (!code.includes(from)) throw new Error(`${this.block.page}:${this.block.line} does not say ${from}`);
      code = code.replaceAll(from, to);
    }
    return `${code}${append}\n`;
  }

  /** Compiles and imports the example. @returns its exports */
  run<Exports>(surroundings: Surroundings = {}): Promise<Exports> {
    return importExample<Exports>(this.text(surroundings));
  }

  /** Runs an example that calls `GeminiWebhooksModule` for an app's `imports`. @returns the module */
  async runForModule({ replace, ...rest }: Surroundings = {}): Promise<DynamicModule> {
    const call = '\nGeminiWebhooksModule.';
    const kept = { [call]: `\nexport const webhooks =${call}` };
    const { webhooks } = await this.run<{ webhooks: DynamicModule }>({ ...rest, replace: { ...kept, ...replace } });
    return webhooks;
  }
}

/** A page with a test for each example. */
export class ExamplePage {
  readonly #examples: readonly Example[];
  readonly #tested = new Set<Example>();

  constructor(readonly path: string) {
    this.#examples = codeBlocksOf(path).map((block) => new Example(block));
  }

  /** Adds the test of an example. @param promise behaviour that readers can expect, as a sentence without a subject */
  example(heading: string, promise: string, test: (example: Example) => Promise<void>, place: Place = {}): void {
    const example = this.#claim(heading, place);
    it(`${heading}: ${promise}`, async () => {
      await test(example);
      expect(example.isRun).toBe(true);
    });
  }

  /** Names the other test that runs an example. @param spec path from the root of the repository */
  elsewhere(heading: string, spec: string, place: Place = {}): void {
    if (!existsSync(join(ROOT, spec))) throw new Error(`${spec} is not there`);
    this.#claim(heading, place);
  }

  /** Marks a block as a picture, which is not run. */
  picture(heading: string): void {
    this.#claim(heading, { language: '' });
  }

  /** Adds the test that fails for an example that no test runs. */
  everyExampleIsRun(): void {
    const forgotten = this.#examples.filter((example) => !this.#tested.has(example));
    it('has a test that runs each example', () => {
      expect(forgotten.map(({ block: { line, heading, code } }) => `${this.path}:${line} ${heading}\n${code}`)).toEqual(
        [],
      );
    });
  }

  #claim(heading: string, { language = 'ts', nth = 1 }: Place): Example {
    const under = this.#examples.filter(({ block }) => block.heading === heading && block.language === language);
    const example = under[nth - 1];
    if (!example) throw new Error(`${this.path} has no ${language} example ${nth} under "${heading}"`);
    this.#tested.add(example);
    return example;
  }
}
