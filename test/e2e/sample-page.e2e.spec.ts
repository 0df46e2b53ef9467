import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CHROMIUM, WatchedBrowser } from '../support/browser.js';
import { buildDemo, SampleDemo, type SampleDemoRun } from '../support/sample-demo.js';
import { SamplePage, type SampleCard } from '../support/sample-page.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000);

const LOGIN = { username: 'admin', password: 'open sesame' };
const PHONE = { viewport: { width: 360, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const TALL = { viewport: { width: 1280, height: 1300 } };

const oneToEach = (count: number, text: (number: number) => string) =>
  Array.from({ length: count }, (_item, index) => text(index + 1));

(CHROMIUM ? describe : describe.skip)('the page of the demo', () => {
  let demo: SampleDemo;
  let run: SampleDemoRun;
  let browser: WatchedBrowser;
  let origin: string;

  const open = (options = {}) => SamplePage.open(browser, origin, options);

  async function startDemo(): Promise<void> {
    run = demo.start();
    await run.printed('Bull Board');
  }

  beforeAll(async () => {
    buildDemo();
    // Twice as fast as for people: slow enough that there is a middle in which to kill something.
    demo = await SampleDemo.prepare({ SAMPLE_SPEED: '2', SAMPLE_ADMIN_PASSWORD: LOGIN.password });
    origin = `http://127.0.0.1:${demo.port}`;
    [browser] = await Promise.all([WatchedBrowser.launch(), startDemo()]);
  });

  afterEach(async () => {
    await browser.closePages();
    expect(browser.takeProblems()).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await run?.end('SIGTERM');
    await demo?.remove();
  });

  /** Nothing was asked for twice, and nothing is shown twice. */
  async function expectWholeFilm(film: SampleCard, scenes: number): Promise<void> {
    expect(await film.ended()).toEqual({ status: 'succeeded', failure: '' });
    expect(await film.texts('sent')).toEqual(oneToEach(scenes, (number) => `scene ${number}`));
    expect(await film.root.count()).toBe(1);
    expect(await film.root.locator('[data-testid=scene][data-status=done]').count()).toBe(scenes);
  }

  it('shows the three workflows that the demo starts, and the forged copies of their webhooks refused', async () => {
    const page = await open(TALL);
    const [dark, phone] = [await open({ ...TALL, colorScheme: 'dark' }), await open(PHONE)];
    const [batch, film, research] = [
      await page.newest('batch'),
      await page.newest('film'),
      await page.newest('research'),
    ];

    const refused = page.deliveries('refused').filter({ hasText: 'signature_mismatch' });

    await page.with('forge', async () => {
      await refused.nth(1).waitFor();
      await batch.hasDone(500);
      await phone.get('workflow').first().scrollIntoViewIfNeeded();
      await page.screenshot('sample-light');
      await dark.screenshot('sample-dark');
      await phone.screenshot('sample-phone');
    });

    expect(await refused.first().textContent()).toContain('Refused, 401');
    expect(await batch.ended()).toEqual({ status: 'succeeded', failure: '' });
    expect(await research.ended()).toEqual({ status: 'succeeded', failure: '' });
    await expectWholeFilm(film, 21);
  });

  it('starts a batch and shows its results, page by page', async () => {
    const page = await open();
    const batch = await page.startBatch(300);

    expect(await batch.ended()).toEqual({ status: 'succeeded', failure: '' });
    expect(await batch.done()).toBe(300);
    expect(await batch.root.locator('[data-part=counts]').textContent()).toBe('294 good, 6 failed');
    const pageFrom = (first: number) => oneToEach(20, (number) => `prompt-${first + 1 - number}`);
    const shows = (first: number) => until(async () => (await batch.rows())[0] === `prompt-${first}`);
    await shows(299);
    expect(await batch.rows()).toEqual(pageFrom(299));
    await batch.get('results-older').click();
    await shows(279);
    expect(await batch.rows()).toEqual(pageFrom(279));
    await batch.get('results-newest').click();
    await shows(299);
  });

  it('films a storyboard of one’s own, one scene after the other, and plays the film', async () => {
    const page = await open();
    await page.get('edit-storyboard').click();
    await page.page.getByLabel('Scene 1', { exact: true }).fill('A snail sets out.');
    await page.get('storyboard-done').click();
    const film = await page.startFilm(4);

    await expectWholeFilm(film, 4);
    expect(await film.get('scene').first().getAttribute('title')).toBe('A snail sets out.');
    const video = film.get('film-video');
    await until(async () => (await video.evaluate((player: { readyState: number }) => player.readyState)) >= 1);
    expect(await video.evaluate((player: { duration: number }) => player.duration)).toBeGreaterThan(1);
  });

  it('asks a person for the budget of a research, and shows the report once it is approved', async () => {
    const page = await open();
    const research = await page.startResearch('Who invented the teapot?');
    await research.has('waiting');
    expect(await page.page.title()).toBe('(1) Gemini workflows');
    await research.get('approve').click();

    expect(await research.ended()).toEqual({ status: 'succeeded', failure: '' });
    expect(await research.get('report').textContent()).toContain('Who invented the teapot?');
    expect(await research.get('approval').isVisible()).toBe(false);
  });

  it('ends a research whose budget a person declines', async () => {
    const page = await open();
    const research = await page.startResearch('Who owns the moon?');
    await research.get('decline').click();

    expect(await research.ended()).toEqual({ status: 'failed', failure: 'The budget was not approved.' });
  });

  describe('when something goes wrong', () => {
    it('handles once what is delivered twice', async () => {
      const page = await open();
      const film = await page.with('duplicate', async () => {
        const started = await page.startFilm(1);
        await page.deliveries('duplicate', started).waitFor();
        return started;
      });

      expect(await film.ended()).toEqual({ status: 'succeeded', failure: '' });
      await film.entries('handled').first().waitFor({ state: 'attached' });
      expect(await film.texts('event')).toEqual(['video.generated']);
      expect(await film.texts('handled')).toEqual(['video.generated']);
    });

    it('asks Gemini for what is lost', async () => {
      const page = await open();
      const film = await page.with('lose', async () => {
        const started = await page.startFilm(1);
        await started.ended();
        return started;
      });

      expect(await film.ended()).toEqual({ status: 'succeeded', failure: '' });
      await film.entries('event', 'reconciled').waitFor({ state: 'attached' });
      expect(await film.texts('event')).toEqual(['video.generated']);
      expect(await page.deliveries('accepted', film).count()).toBe(0);
    });

    it('waits for what is late', async () => {
      const page = await open();
      const film = await page.with('delay', async () => {
        const started = await page.startFilm(2);
        await started.ended();
        return started;
      });

      await expectWholeFilm(film, 2);
    });

    it('refuses what is of another project', async () => {
      const page = await open();
      const refused = page.deliveries('refused').filter({ hasText: 'unbound_delivery' });
      const film = await page.with('foreign', async () => {
        const started = await page.startFilm(1);
        await refused.first().waitFor();
        return started;
      });

      expect(await refused.first().textContent()).toContain('Refused, 403');
      expect(await film.ended()).toEqual({ status: 'succeeded', failure: '' });
    });

    it('lets a new worker finish what a killed one has begun', async () => {
      const page = await open();
      const film = await page.startFilm(10);
      await film.hasDone(15);
      await page.get('kill-worker').click();
      await page.page.getByText('A new one is on its way.').waitFor();
      await run.printed('worker-1 has died (SIGKILL)');

      await expectWholeFilm(film, 10);
    });

    it('shows all as it is after a reload in the middle', async () => {
      const page = await open();
      const batch = await page.startBatch(300);
      const film = await page.startFilm(8);
      const research = await page.startResearch('Why do cats purr?');
      await research.has('waiting');
      await film.hasDone(15);
      const cards = await page.get('workflow').count();
      await page.page.reload();
      await page.isLive();
      await film.root.waitFor();

      expect(await page.get('workflow').count()).toBe(cards);
      expect(await page.get('question').inputValue()).not.toBe('');
      await research.get('approve').click();
      expect(await research.ended()).toEqual({ status: 'succeeded', failure: '' });
      expect(await batch.ended()).toEqual({ status: 'succeeded', failure: '' });
      expect(await batch.done()).toBe(300);
      await until(async () => (await batch.rows())[0] === 'prompt-299');
      expect(new Set(await batch.rows()).size).toBe(20);
      await expectWholeFilm(film, 8);
    });

    it('connects again when the demo is killed and started again, which finishes all', async () => {
      const page = await open();
      const batch = await page.startBatch(300);
      const film = await page.startFilm(12);
      const research = await page.startResearch('How deep is the sea?');
      await film.hasDone(15);
      await run.end('SIGKILL');
      await page.isLost();
      await startDemo();
      await page.isLive();

      expect(run.stdout).toContain('A run before this one was killed');
      await expectWholeFilm(film, 12);
      expect(await batch.ended()).toEqual({ status: 'succeeded', failure: '' });
      expect(await batch.root.locator('[data-part=counts]').textContent()).toBe('294 good, 6 failed');
      // The demo approves what nobody decides on.
      expect(await research.ended()).toEqual({ status: 'succeeded', failure: '' });
      expect(browser.takeProblems().filter((problem) => !problem.includes('net::ERR_'))).toEqual([]);
    });
  });

  it('is used by keyboard alone, and says aloud what becomes of it', async () => {
    const page = await open();
    const { keyboard } = page.page;
    for (let presses = 0; (await page.focused()) !== 'prompts' && presses < 20; presses += 1)
      await keyboard.press('Tab');
    await keyboard.press('ControlOrMeta+A');
    await keyboard.type('20');
    await keyboard.press('Tab');
    expect(await page.focused()).toBe('start-batch');
    const batch = await page.begun('batch', () => keyboard.press('Enter'));

    expect(await batch.ended()).toEqual({ status: 'succeeded', failure: '' });
    await page.get('announcer').filter({ hasText: 'Batch “20 prompts” succeeded.' }).waitFor();
    expect(await page.focused()).toBe('start-batch');
  });

  it('is never wider than a phone', async () => {
    const page = await open(PHONE);
    await page.get('workflow').first().waitFor();
    expect(await page.width()).toBe(PHONE.viewport.width);

    await page.page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
    expect(await page.width()).toBe(PHONE.viewport.width);
    await page.get('edit-storyboard').click();
    expect(await page.width()).toBe(PHONE.viewport.width);
  });

  it('has Bull Board behind a login', async () => {
    const board = `${origin}/admin/queues`;
    const [stranger, admin] = [await browser.page(), await browser.page({ httpCredentials: LOGIN })];

    expect((await stranger.request.get(board)).status()).toBe(401);
    await admin.goto(board);
    await admin.getByText('gemini-webhooks-jobs').first().waitFor();
    // What it would load from elsewhere, it does not get.
    expect(browser.takeProblems().filter((problem) => !problem.includes('fonts.googleapis.com'))).toEqual([]);
  });
});
