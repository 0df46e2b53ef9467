import { describe, expect, it } from '@jest/globals';
import { httpUrl, nameAndValue, rateASecond, secret, wholeNumber } from '../../../lib/cli/arguments.js';

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
    ['an empty secret', () => secret('')],
  ])('are refused: %s', (_, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }));
  });

  it('do not reveal a secret', () => {
    expect(() => secret('hunter2!')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });
});
