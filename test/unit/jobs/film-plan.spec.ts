import { describe, expect, it } from '@jest/globals';
import { array, assert, constantFrom, integer, oneof, property, record, string } from 'fast-check';
import { GeminiWebhooksError } from '../../../lib/errors.js';
import { planFilm, type FilmScene, type PlanFilmOptions } from '../../../lib/jobs/film-plan.js';

const scene = oneof(
  string({ minLength: 1 }).map((text) => `scene ${text}`),
  record({ prompt: constantFrom('A fox.', 'A river.'), seconds: integer({ min: 3, max: 10 }) }),
  record({ prompt: constantFrom('A fox.', 'A river.') }),
);
const scenesOf = (count: number, seconds?: number): FilmScene[] =>
  Array.from({ length: count }, (_, index) => ({ prompt: `scene ${index}`, seconds }));

describe('a film plan', () => {
  it('is one chain that starts from text if the film fits into 40 s', () => {
    expect(planFilm(['A fox wakes up.', { prompt: 'It crosses a river.', seconds: 5 }])).toEqual({
      chains: [
        {
          begins: 'text',
          scenes: [
            { index: 0, prompt: 'A fox wakes up.', seconds: 8, startsAt: 0 },
            { index: 1, prompt: 'It crosses a river.', seconds: 5, startsAt: 8 },
          ],
          seconds: 13,
        },
      ],
      seconds: 13,
    });
  });

  it.each([
    { scenes: scenesOf(5), chains: [40] },
    { scenes: scenesOf(6), chains: [40, 8] },
    { scenes: scenesOf(4, 10), chains: [40] },
    { scenes: scenesOf(5, 9), chains: [36, 9] },
    { scenes: scenesOf(14, 3), chains: [39, 3] },
    { scenes: scenesOf(12), chains: [40, 40, 16] },
  ])('fills each chain up to 40 s before it starts the next: $chains', ({ scenes, chains }) => {
    expect(planFilm(scenes).chains.map(({ seconds }) => seconds)).toEqual(chains);
  });

  it.each<[PlanFilmOptions | undefined, string[]]>([
    [undefined, ['text', 'last_frame', 'last_frame']],
    [{ begins: 'last_frame' }, ['text', 'last_frame', 'last_frame']],
    [{ begins: 'references' }, ['text', 'references', 'references']],
  ])('with %j starts its chains from %j', (options, begins) => {
    expect(planFilm(scenesOf(12), options).chains.map((chain) => chain.begins)).toEqual(begins);
  });

  it('may be up to maxSeconds long', () => {
    expect(planFilm(scenesOf(12), { maxSeconds: 96 }).seconds).toBe(96);
    expect(() => planFilm(scenesOf(12), { maxSeconds: 95 })).toThrow(
      /maxSeconds: is 95, and scenes\[11\] ends at 96 s.*larger maxSeconds/,
    );
  });

  it('names the first scene beyond the limit', () => {
    expect(() => planFilm(scenesOf(12), { maxSeconds: 20 })).toThrow(/scenes\[2\] ends at 24 s/);
  });

  it('has chains of 1 to 40 s, and keeps all scenes, their order and their total length', () => {
    assert(
      property(array(scene, { minLength: 1, maxLength: 60 }), (scenes) => {
        const { chains, seconds } = planFilm(scenes);
        const planned = chains.flatMap((chain) => chain.scenes);

        expect(planned.map(({ index }) => index)).toEqual(scenes.map((_, index) => index));
        expect(planned.map(({ prompt }) => prompt)).toEqual(
          scenes.map((one) => (typeof one === 'string' ? one : one.prompt)),
        );
        expect(sum(chains)).toBe(seconds);
        for (const chain of chains) {
          expect(chain.seconds).toBeLessThanOrEqual(40);
          expect(chain.seconds).toBe(sum(chain.scenes));
          expect(chain.scenes.map(({ startsAt }) => startsAt)).toEqual(
            chain.scenes.map((_, index) => sum(chain.scenes.slice(0, index))),
          );
        }
        expect(chains.every(({ begins }, position) => (begins === 'text') === (position === 0))).toBe(true);
      }),
    );
  });

  it('is deterministic and does not change the list', () => {
    const scenes = Object.freeze(scenesOf(7).map((one) => Object.freeze(one) as FilmScene));

    expect(planFilm(scenes)).toEqual(planFilm(scenes));
  });
});

describe('a film plan rejects', () => {
  it.each<[string, unknown, unknown, RegExp]>([
    ['no scenes', [], undefined, /scenes: got an empty list.*at least one/],
    ['one prompt instead of a list', 'A fox.', undefined, /scenes: got a string/],
    ['nothing', undefined, undefined, /scenes: got undefined/],
    ['an empty prompt', ['A fox.', ' '], undefined, /scenes\[1\]: got " "/],
    ['a missing prompt', [{ seconds: 8 }], undefined, /scenes\[0\]\.prompt: got undefined/],
    ['a hole in the list', Array.from({ length: 1 }), undefined, /scenes\[0\]: got undefined/],
    ['null for a scene', [null], undefined, /scenes\[0\]: got null/],
    ['a clip that is too short', [{ prompt: 'x', seconds: 2 }], undefined, /scenes\[0\]\.seconds: got 2.*3 to 10/],
    ['a clip that is too long', [{ prompt: 'x', seconds: 11 }], undefined, /scenes\[0\]\.seconds: got 11/],
    ['part of a second', [{ prompt: 'x', seconds: 7.5 }], undefined, /scenes\[0\]\.seconds: got 7\.5/],
    ['seconds as text', [{ prompt: 'x', seconds: '8s' }], undefined, /scenes\[0\]\.seconds: got "8s"/],
    ['a misspelled field', [{ prompt: 'x', duration: 8 }], undefined, /scenes\[0\]\.duration: is unknown/],
    ['maxSeconds that is not a number', ['x'], { maxSeconds: NaN }, /maxSeconds: got NaN/],
    ['maxSeconds as text', ['x'], { maxSeconds: '60' }, /maxSeconds: got "60".*from 3 up/],
    ['maxSeconds below the shortest clip', ['x'], { maxSeconds: 0 }, /maxSeconds: got 0/],
    ['an unknown beginning', ['x'], { begins: 'first_frame' }, /begins: got "first_frame".*'references'/],
    ['a misspelled option', ['x'], { maxSecond: 60 }, /maxSecond: is unknown.*maxSeconds and begins/],
    ['options that are not an object', ['x'], 60, /options: got 60/],
  ])('%s', (_, scenes, options, says) => {
    const planned = () => planFilm(scenes as FilmScene[], options as PlanFilmOptions);

    expect(planned).toThrow(GeminiWebhooksError);
    expect(planned).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(says) }),
    );
  });
});

function sum(parts: readonly { readonly seconds: number }[]): number {
  return parts.reduce((all, { seconds }) => all + seconds, 0);
}
