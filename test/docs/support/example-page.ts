import { expect, it } from '@jest/globals';
import type { DynamicModule } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocksOf, type CodeBlock } from '../../support/code-blocks.js';
import { importExample } from './example-module.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** How to find a block among those under one heading. */
export interface Place {
  /** @default 'ts' */
  readonly language?: string;
  /** Which of its language, from 1. @default 1 */
  readonly nth?: number;
}

/** What a test gives an example that stands for something else in each app. */
export interface Surroundings {
  /** Addresses, files and secrets that readers replace by their own, and what they are replaced by here. */
  readonly replace?: Readonly<Record<string, string>>;
  /** Lines that go on where the example ends. */
  readonly append?: string;
}

/** A code block of a page, for the test that runs it. */
export class Example {
  isRun = false;

  constructor(readonly block: CodeBlock) {}

  /** Its text as it is run. */
  text({ replace = {}, append = '' }: Surroundings = {}): string {
    this.isRun = true;
    let { code } = this.block;
    for (const [from, to] of Object.entries(replace)) {
      if (!code.includes(from)) throw new Error(`${this.block.page}:${this.block.line} does not say ${from}`);
      code = code.replaceAll(from, to);
    }
    return `${code}${append}\n`;
  }

  /** Runs it: compiles and imports it. @returns what it exports */
  run<Exports>(surroundings: Surroundings = {}): Promise<Exports> {
    return importExample<Exports>(this.text(surroundings));
  }

  /** Runs an example that calls `GeminiWebhooksModule` for an app's `imports`. @returns the module that it makes */
  async runForModule({ replace, ...rest }: Surroundings = {}): Promise<DynamicModule> {
    const call = '\nGeminiWebhooksModule.';
    const kept = { [call]: `\nexport const webhooks =${call}` };
    const { webhooks } = await this.run<{ webhooks: DynamicModule }>({ ...rest, replace: { ...kept, ...replace } });
    return webhooks;
  }
}

/** A page whose examples are run, each by a test of its own. */
export class ExamplePage {
  readonly #examples: readonly Example[];
  readonly #tested = new Set<Example>();

  constructor(readonly path: string) {
    this.#examples = codeBlocksOf(path).map((block) => new Example(block));
  }

  /** Adds the test of an example. @param promise what readers are promised of it, as a sentence */
  example(heading: string, promise: string, test: (example: Example) => Promise<void>, place: Place = {}): void {
    const example = this.#claim(heading, place);
    it(`${heading}: ${promise}`, async () => {
      await test(example);
      expect(example.isRun).toBe(true);
    });
  }

  /** Says which other test runs an example. @param spec its path below the repository's root */
  elsewhere(heading: string, spec: string, place: Place = {}): void {
    if (!existsSync(join(ROOT, spec))) throw new Error(`${spec} is not there`);
    this.#claim(heading, place);
  }

  /** Says that a block is a picture: there is nothing to run. */
  picture(heading: string): void {
    this.#claim(heading, { language: '' });
  }

  /** Adds the test that fails for an example that no test runs. */
  everyExampleIsRun(): void {
    const forgotten = this.#examples.filter((example) => !this.#tested.has(example));
    it('every example is run by a test', () => {
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
