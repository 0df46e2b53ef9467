import { describe, expect, it } from '@jest/globals';
import type { EventHandler } from '../../../lib/handlers/event-handler.js';
import { handlerWarnings, renamingOf } from '../../../lib/handlers/handler-warnings.js';

describe('handler names', () => {
  it.each([
    { build: 'that keeps names', probe: 'ClassNameProbe', how: 'minified', looks: ['a.b', 'kF.publish', '$_.on'] },
    { build: 'that minifies', probe: 'w', how: 'minified', looks: ['kF.publish', 'KJt.on', 'a$2b.on'] },
    { build: 'that numbers', probe: 'ClassNameProbe2', how: 'numbered by a bundler', looks: ['Orders2.publish'] },
  ])('look $how in a build $build', ({ probe, how, looks }) => {
    const renaming = renamingOf(probe);

    expect(renaming.how).toBe(how);
    expect(looks.filter((name) => !renaming.looks(name))).toEqual([]);
  });

  it.each([
    {
      build: 'that keeps names',
      probe: 'ClassNameProbe',
      fine: ['Bot.on', 'Pay2.on', 'Orders2.publish', 'alerts', 'ab', '-a.on'],
    },
    { build: 'that minifies', probe: 'w', fine: ['Orders.publish', 'Invoice2.on', 'alerts', 'ab'] },
    {
      build: 'that numbers',
      probe: 'ClassNameProbe12',
      fine: ['Orders.publish', 'Bot.on2', 'alerts2', 'my-orders2.publish'],
    },
  ])('look unchanged in a build $build', ({ probe, fine }) => {
    expect(fine.filter((name) => renamingOf(probe).looks(name))).toEqual([]);
  });
});

describe('the warnings at start', () => {
  const named = (name: string): EventHandler => ({
    name,
    patterns: ['*'],
    timeoutMs: undefined,
    invoke: async () => undefined,
  });
  const advice =
    'Such names change with each build: pending events would be handled twice or lost. Keep class names (esbuild: keepNames), or give each handler a name.';

  const stored = { areStored: true };

  it('are none for handlers with names of their own', () => {
    expect(handlerWarnings([named('Orders.publish'), named('alerts')], stored)).toEqual([]);
  });

  it('say that there are no handlers', () => {
    expect(handlerWarnings([], stored)).toEqual([
      'No handler with @OnGeminiEvent was found: events are accepted, but no method handles them.',
    ]);
  });

  it('list the names that look minified, and no others', () => {
    expect(handlerWarnings([named('aB.on'), named('Orders.publish'), named('c.run')], stored)).toEqual([
      `Handler names look minified: aB.on, c.run. ${advice}`,
    ]);
  });

  it('say what depends on the names if no inbox stores them', () => {
    expect(handlerWarnings([named('aB.on')], { areStored: false })).toEqual([
      expect.stringMatching(
        /^Handler names look minified: aB\.on\. .*context\.claim.*claimed twice\. Keep class names/,
      ),
    ]);
  });

  it('list 20 of them at most', () => {
    const names = Array.from({ length: 21 }, (_, index) => `a.run${index}`);

    expect(handlerWarnings(names.map(named), stored)).toEqual([
      `Handler names look minified: ${names.slice(0, 20).join(', ')}. ${advice}`,
    ]);
  });
});
