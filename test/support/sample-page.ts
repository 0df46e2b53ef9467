import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { FaultName, WorkflowKind, WorkflowStatus } from '../../sample/page/page-api.js';
import type { WatchedBrowser } from './browser.js';
import { until } from './until.js';

const SCREENSHOTS = 'test-results';
const PATHS: Readonly<Record<WorkflowKind, string>> = { batch: 'batches', film: 'films', research: 'research' };

/** The sample's page, as a person sees and uses it. */
export class SamplePage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Resolves when it shows what has happened so far. */
  static async open(browser: WatchedBrowser, origin: string, options: BrowserContextOptions = {}): Promise<SamplePage> {
    const opened = new SamplePage(await browser.page(options));
    await opened.page.goto(origin);
    await opened.isLive();
    return opened;
  }

  get(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  async isLive(): Promise<void> {
    await this.page.locator('[data-testid=connection][data-state=live]').waitFor();
  }

  async isLost(): Promise<void> {
    await this.page.locator('[data-testid=connection][data-state=lost]').waitFor();
  }

  async startBatch(prompts: number): Promise<SampleCard> {
    await this.get('prompts').fill(String(prompts));
    return this.#start('batch');
  }

  async startFilm(scenes: number): Promise<SampleCard> {
    await this.get('scenes').fill(String(scenes));
    return this.#start('film');
  }

  async startResearch(question: string): Promise<SampleCard> {
    await this.get('question').fill(question);
    return this.#start('research');
  }

  #start(kind: WorkflowKind): Promise<SampleCard> {
    return this.begun(kind, () => this.get(`start-${kind}`).click());
  }

  /** @returns the card of the workflow that is started by it */
  async begun(kind: WorkflowKind, start: () => Promise<void>): Promise<SampleCard> {
    const [answer] = await Promise.all([
      this.page.waitForResponse((response) => response.url().endsWith(`/api/${PATHS[kind]}`)),
      start(),
    ]);
    const { id } = (await answer.json()) as { readonly id: string };
    const card = this.card(id);
    await card.root.waitFor();
    return card;
  }

  card(id: string): SampleCard {
    return new SampleCard(this.page, id);
  }

  /** The newest of a kind. */
  async newest(kind: WorkflowKind): Promise<SampleCard> {
    const root = this.page.locator(`[data-testid=workflow][data-kind=${kind}]`).first();
    await root.waitFor();
    return this.card((await root.getAttribute('data-id'))!);
  }

  /** Switches a fault on for as long as it takes. */
  async with<Result>(fault: FaultName, work: () => Promise<Result>): Promise<Result> {
    await this.#switch(fault, true);
    return work().finally(() => this.#switch(fault, false));
  }

  async #switch(fault: FaultName, on: boolean): Promise<void> {
    await this.get(`fault-${fault}`).click();
    await this.page.locator(`[data-testid=fault-${fault}][aria-checked=${on}]:not([aria-busy])`).waitFor();
  }

  /** Deliveries that were answered so, newest first: of a workflow, where one is given. */
  deliveries(outcome: string, workflow?: SampleCard): Locator {
    const ofWorkflow = workflow ? `:has(a[href="#workflow-${workflow.id}"])` : '';
    return this.page.locator(`[data-testid=delivery][data-outcome=${outcome}]${ofWorkflow}`);
  }

  /** The `data-testid` of what has the focus. */
  focused(): Promise<string | undefined> {
    return this.page.evaluate<string | undefined>('document.activeElement?.dataset.testid');
  }

  /** How wide all of it is. Not what the window says of itself, which on a phone grows with the page. */
  width(): Promise<number> {
    return this.page.evaluate<number>('document.documentElement.scrollWidth');
  }

  /** Among what a test run leaves behind to be looked at. */
  async screenshot(name: string, fullPage = false): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage });
  }
}

/** A workflow on the page. */
export class SampleCard {
  readonly id: string;
  readonly root: Locator;
  readonly #page: Page;

  constructor(page: Page, id: string) {
    this.id = id;
    this.#page = page;
    this.root = page.locator(`[data-testid=workflow][data-id="${id}"]`);
  }

  get(testId: string): Locator {
    return this.root.getByTestId(testId);
  }

  /** Resolves when it has one of these. */
  async has(...statuses: WorkflowStatus[]): Promise<void> {
    const selectors = statuses.map((status) => `[data-testid=workflow][data-id="${this.id}"][data-status=${status}]`);
    await this.#page.locator(selectors.join(', ')).waitFor({ state: 'attached' });
  }

  /** @returns how it has ended, and why, once it has */
  async ended(): Promise<{ readonly status: string | null; readonly failure: string }> {
    await this.has('succeeded', 'failed');
    const [status, failure] = [await this.root.getAttribute('data-status'), await this.get('failure').textContent()];
    return { status, failure: failure ?? '' };
  }

  /** How far it is, of what its progress counts. */
  async done(): Promise<number> {
    return Number(await this.get('progress').getAttribute('aria-valuenow'));
  }

  /** Resolves when it is that far. */
  async hasDone(least: number): Promise<void> {
    await until(async () => (await this.done()) >= least, { everyMs: 50 });
  }

  entries(kind: string, scheme?: string): Locator {
    const ofScheme = scheme === undefined ? '' : `[data-scheme=${scheme}]`;
    return this.root.locator(`[data-testid=timeline-entry][data-kind=${kind}]${ofScheme}`);
  }

  /** What its timeline's entries of a kind say. */
  async texts(kind: string): Promise<string[]> {
    return this.entries(kind).locator('[data-part=text]').allTextContents();
  }

  /** The newest result rows. */
  async rows(): Promise<string[]> {
    return this.get('result-row').locator('[data-part=key]').allTextContents();
  }
}
