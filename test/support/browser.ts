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
/** For a machine that has much else to do: what is waited for is there within a second on one that has not. */
const PATIENCE_MS = 45_000;

/** A browser whose pages are watched: what goes wrong in one is written down. */
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

  /** A page that shares nothing with another one. */
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

  /** What went wrong in pages since this was asked last: exceptions, and what the console says, the page's policy included. */
  takeProblems(): string[] {
    const problems = this.#problems;
    this.#problems = [];
    return problems;
  }

  /** For `afterEach`: the next test has pages of its own. */
  async closePages(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
