import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

/** The Chromium that `find-servers.js` found; undefined where there is none. */
export const CHROMIUM = process.env['TEST_CHROMIUM_PATH'];

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Timeout for a busy machine; an idle one needs less than a second. */
const PATIENCE_MS = 45_000;

/** A browser that records the errors in its pages. */
export class WatchedBrowser {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  #problems: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<WatchedBrowser> {
    return new WatchedBrowser(await chromium.launch({ executablePath: CHROMIUM!, args: ARGUMENTS }));
  }

  /** Opens a page that shares nothing with other pages. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: 'en',
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => this.#problems.push(message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#problems.push(message.text());
    });
    return page;
  }

  /** Returns the errors since the last call: exceptions and console messages, including those of the content security policy. */
  takeProblems(): string[] {
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  /** Closes all pages. For `afterEach`. */
  async closePages(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
