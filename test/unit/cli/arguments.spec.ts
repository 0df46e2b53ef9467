import { describe, expect, it, jest } from '@jest/globals';
import { httpUrl, nameAndValue, rateASecond, secret, time, wholeNumber } from '../../../lib/cli/arguments.js';

describe('arguments', () => {
  it('are parsed by type', () => {
    expect(wholeNumber(1, 10)('10')).toBe(10);
    expect(rateASecond('0.5')).toBe(0.5);
    expect(nameAndValue('a=b=c', { z: '1' })).toEqual({ z: '1', a: 'b=c' });
    expect(nameAndValue('a=', {})).toEqual({ a: '' });
    expect(httpUrl('https://example.com/a?b').href).toBe('https://example.com/a?b');
    expect(secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBe('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  });

  it.each([
    ['1.5', () => wholeNumber(1, 10)('1.5')],
    ['11', () => wholeNumber(1, 10)('11')],
    ['an empty number', () => wholeNumber(0, 10)('')],
    ['a rate of infinity', () => rateASecond('Infinity')],
    ['a field without a name', () => nameAndValue('=b', {})],
    ['ftp', () => httpUrl('ftp://example.com')],
    ['a path', () => httpUrl('/gemini')],
    ['a password', () => httpUrl('https://u:p@example.com')],
    ['a time without a zone', () => time('2026-01-31T09:00:00')],
    ['a day that is not in its month', () => time('2026-02-30')],
    ['a day that is not in its month, with a time', () => time('2026-02-30T10:00:00Z')],
    ['an hour that no day has', () => time('2026-01-31T25:00:00Z')],
    ['a time in words', () => time('yesterday')],
    ['an age without a unit', () => time('3')],
    ['an age in the future', () => time('-3d')],
    ['an empty secret', () => secret('')],
  ])('are refused: %s', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }));
  });

  it.each([
    ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00.000Z'],
    ['2026-01-31T09:00+01:00', '2026-01-31T08:00:00.000Z'],
    ['2026-01-31T09:00:00.5Z', '2026-01-31T09:00:00.500Z'],
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['45s', '2026-06-01T11:59:15.000Z'],
    ['30m', '2026-06-01T11:30:00.000Z'],
    ['2h', '2026-06-01T10:00:00.000Z'],
    ['3d', '2026-05-29T12:00:00.000Z'],
    ['1w', '2026-05-25T12:00:00.000Z'],
  ])('read %s as a time', (text, expected) => {
    jest.useFakeTimers({ now: new Date('2026-06-01T12:00:00Z') });

    expect(time(text).toISOString()).toBe(expected);
    jest.useRealTimers();
  });

  it('do not reveal a secret', () => {
    expect(() => secret('hunter2!')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });
});
