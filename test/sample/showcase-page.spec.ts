import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { FAULT_NAMES, type FaultName, type RunKind } from '../../sample/showcase/page-api.js';
import { CHROMIUM, WatchedBrowser } from '../support/browser.js';
import { endShowcases, Showcase } from '../support/showcase.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const LOGIN = { username: 'admin', password: 'open sesame' };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const SCREENSHOTS = 'test-results';
/** Name of each fault on the page, and the response next to it. */
const FAULTS: Readonly<Record<FaultName, string>> = {
  duplicate: 'Sent twice Accepted, not handled again, 202',
  lose: 'Lost No webhook came: polling found the end of the job',
  delay: 'Late Accepted, 202',
  forge: 'Forged Refused, 401',
  foreign: 'Another project’s Refused, 403',
};

(CHROMIUM ? describe : describe.skip)('the page of the showcase', () => {
  let browser: WatchedBrowser;
  let demo: Showcase;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    demo = await Showcase.start([], { SAMPLE_ADMIN_PASSWORD: LOGIN.password });
    [browser] = await Promise.all([WatchedBrowser.launch(), demo.printed('have started')]);
  });

  afterEach(async () => {
    await browser.closePages();
    expect(browser.takeProblems()).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await endShowcases();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.page(options);
    await page.goto(demo.origin);
    await page.locator('#connection[data-state=live]').waitFor();
    return page;
  }

  /** Starts a run by its form. @returns its card */
  async function start(page: Page, kind: RunKind, field: string, value: string): Promise<Locator> {
    await page.locator(`[name=${field}]`).fill(value);
    await page.getByTestId(`start-${kind}`).click();
    const link = page.locator(`.starter[data-kind=${kind}]`).getByTestId('show-run');
    return page.locator((await link.getAttribute('href'))!);
  }

  async function ended(card: Locator): Promise<string> {
    await card.and(card.page().locator('[data-status=succeeded], [data-status=failed]')).waitFor();
    return (await card.getByTestId('failure').textContent()) || 'succeeded';
  }

  const texts = (card: Locator, kind: string) =>
    card.locator(`[data-testid=entry][data-kind=${kind}] [data-part=text]`).allTextContents();

  async function choose(page: Page, fault: FaultName | 'none'): Promise<void> {
    const saved = page.waitForResponse((response) => response.url().endsWith('/api/fault'));
    await page.getByTestId(`fault-${fault}`).check();
    expect((await saved).status()).toBe(204);
  }

  it('shows the workflows that the demo runs, and all succeed', async () => {
    const page = await open();
    const [batch, film, research] = ['batch', 'film', 'research'].map((kind) =>
      page.locator(`[data-testid=run][data-kind=${kind}]`).last(),
    ) as [Locator, Locator, Locator];

    expect(await Promise.all([ended(batch), ended(film), ended(research)])).toEqual(Array(3).fill('succeeded'));
    expect(await batch.textContent()).toContain('980 good, 20 failed');
    expect(await film.locator('[data-testid=scene][data-status=done]').count()).toBe(12);
    expect(await film.locator('video').count()).toBe(3);
    expect(await texts(film, 'event')).toEqual(Array(12).fill('video.generated'));
    expect(await research.getByTestId('report').textContent()).toContain('Simulated report');
    for (const [card, handler] of [
      [batch, 'BatchHandlers.read'],
      [film, 'FilmHandlers.next'],
      [research, 'ResearchHandlers.read'],
    ] as const) {
      expect(await card.textContent()).toContain(handler);
    }
  });

  it('plays a film and serves ranges of it', async () => {
    const page = await open();
    const film = await start(page, 'film', 'scenes', '1');
    expect(await ended(film)).toBe('succeeded');
    const src = (await film.locator('video').getAttribute('src'))!;
    const part = await page.request.get(demo.origin + src, { headers: { range: 'bytes=0-99' } });

    expect([part.status(), (await part.body()).length]).toEqual([206, 100]);
    await until(() => film.locator('video').evaluate((video: { duration: number }) => video.duration > 1));
  });

  it('counts the good and the failed results of a batch', async () => {
    const page = await open();
    const batch = await start(page, 'batch', 'prompts', '300');

    expect(await ended(batch)).toBe('succeeded');
    expect(await batch.textContent()).toContain('294 good, 6 failed');
    expect(await batch.getByTestId('progress').textContent()).toBe('300 of 300 results');
    expect(await texts(batch, 'event')).toEqual(['batch.succeeded']);
  });

  it('writes a report once a person has approved the plan, also after a reload', async () => {
    const page = await open();
    const research = await start(page, 'research', 'question', 'Who invented the teapot?');
    await research.getByTestId('approve').waitFor();
    expect(await page.title()).toBe('(1) Gemini workflows');
    expect(await research.getByTestId('plan').textContent()).toContain('Simulated plan');
    await page.reload();
    await research.getByTestId('approve').click();

    expect(await ended(research)).toBe('succeeded');
    await page
      .locator('#announcer')
      .filter({ hasText: '“Who invented the teapot?” succeeded.' })
      .waitFor({ state: 'attached' });
    expect(await research.getByTestId('approve').isVisible()).toBe(false);
  });

  it('ends a research run if a person declines the plan', async () => {
    const page = await open();
    const research = await start(page, 'research', 'question', 'Who owns the moon?');
    await research.getByTestId('decline').click();

    expect(await ended(research)).toBe('The plan was declined.');
  });

  it('shows each fault by its name with the response to it, within one screen of a phone', async () => {
    const page = await open(PHONE);
    for (const fault of FAULT_NAMES) {
      await choose(page, fault);
      await page.getByTestId('try-fault').click();
      const delivery = page.locator(`[data-testid=delivery][data-fault=${fault}]`).first();
      await delivery.waitFor();

      expect(await delivery.locator('.meta').textContent()).toBe(FAULTS[fault]);
      const [radio, effect] = [await page.getByTestId(`fault-${fault}`).boundingBox(), await delivery.boundingBox()];
      expect(effect!.y + effect!.height - radio!.y).toBeLessThan(PHONE.viewport.height);
      await choose(page, 'none');
    }
    await page.screenshot({ path: join(SCREENSHOTS, 'sample-phone.png') });
  });

  it.each(['light', 'dark'] as const)('fits a desktop and a phone without overlaps, in %s', async (colorScheme) => {
    const [wide, phone] = [await open({ colorScheme }), await open({ ...PHONE, colorScheme })];
    for (const page of [wide, phone]) {
      for (const kind of ['batch', 'film', 'research'])
        await page.getByTestId(`start-${kind}`).scrollIntoViewIfNeeded();
      await ended(await start(page, 'batch', 'prompts', '20'));

      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
      expect(await page.evaluate(OVERLAPS)).toEqual([]);
    }
    const colors = '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]';
    expect(contrast(...(await wide.evaluate<[string, string]>(colors)))).toBeGreaterThan(7);
    await wide.screenshot({ path: join(SCREENSHOTS, `sample-${colorScheme}.png`) });
  });

  it('can be used by keyboard alone, and keeps the focus', async () => {
    const page = await open();
    await page.locator('[name=prompts]').focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('3');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByTestId('show-run').waitFor();

    expect(await page.evaluate('document.activeElement.dataset.testid')).toBe('start-batch');
  });

  it('has Bull Board behind the login, which loads nothing that its policy blocks', async () => {
    const [stranger, admin] = [await browser.page(), await browser.page({ httpCredentials: LOGIN })];
    const failed: string[] = [];
    admin.on('requestfailed', (request) => failed.push(request.url()));
    const board = `${demo.origin}/admin/queues`;

    expect((await stranger.request.get(board)).status()).toBe(401);
    await admin.goto(board);
    await admin.getByText('showcase-jobs').first().waitFor();
    await admin.evaluate('document.fonts.ready.then(() => undefined)');
    expect(failed).toEqual([]);
    expect(await admin.content()).not.toContain('fonts.googleapis.com');
  });

  it('accepts JSON only from its own site, explains invalid JSON, and sends security headers', async () => {
    const post = (body: string, headers: Record<string, string>) =>
      fetch(`${demo.origin}/api/runs`, { method: 'POST', body, headers });
    const json = { 'content-type': 'application/json' };

    expect((await post('{"kind":"batch","prompts":1}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('{"kind":"batch","prompts":1}', { ...json, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    for (const wrong of [
      {},
      { kind: 'batch', prompts: 0 },
      { kind: 'batch', prompts: 50_001 },
      { kind: 'film', scenes: 13 },
      { kind: 'research', question: ' ' },
      { kind: 'other' },
    ]) {
      const answer = await post(JSON.stringify(wrong), json);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        400,
        'application/problem+json; charset=utf-8',
      ]);
    }
    const page = await fetch(demo.origin);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-powered-by')).toBeNull();
  });
});

/** Pairs of links, headings, buttons, fields and labels whose boxes overlap without nesting. */
const OVERLAPS = `(() => {
  const all = [...document.querySelectorAll('h1, h2, h3, h4, a, button, input, textarea, legend')]
    .filter((one) => one.checkVisibility() && !one.closest('.top, .skip, .timeline, .text, .rows'));
  const boxes = all.map((one) => ({ one, ...one.getBoundingClientRect().toJSON() }));
  const overlap = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap((a, index) => boxes.slice(index + 1)
    .filter((b) => !a.one.contains(b.one) && !b.one.contains(a.one) && overlap(a, b))
    .map((b) => a.one.textContent + ' / ' + b.one.textContent));
})()`;

/** Contrast of two colours as WCAG 2 defines it. */
function contrast(...colors: readonly string[]): number {
  const [a, b] = colors.map((color) => {
    const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
