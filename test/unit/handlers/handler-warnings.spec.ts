import { describe, expect, it } from '@jest/globals';
import { renamingOf } from '../../../lib/handlers/handler-warnings.js';

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
      fine: ['Bot.on', 'Pay2.on', 'Orders2.publish', 'alerts', 'ab'],
    },
    { build: 'that minifies', probe: 'w', fine: ['Orders.publish', 'Invoice2.on', 'alerts', 'ab'] },
    { build: 'that numbers', probe: 'ClassNameProbe12', fine: ['Orders.publish', 'Bot.on2', 'alerts2'] },
  ])('look unchanged in a build $build', ({ probe, fine }) => {
    expect(fine.filter((name) => renamingOf(probe).looks(name))).toEqual([]);
  });
});
