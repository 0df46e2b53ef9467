import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { checkTimestamp, isRecent, parseSignatureHeaders } from '../../../lib/signature/signature-headers.js';
import { codeOf, refusalOf } from '../../support/verifying.js';

const V1 = `v1,${randomBytes(32).toString('base64')}`;
const V1A = `v1a,${randomBytes(64).toString('base64')}`;
const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
const good = { 'webhook-id': 'msg_1', 'webhook-timestamp': '1614265330', 'webhook-signature': V1 };

const signaturesOf = (signature: string) =>
  parseSignatureHeaders({ ...good, 'webhook-signature': signature }).signatures;

describe('parseSignatureHeaders', () => {
  it('keeps the characters of the id and the timestamp, which the signature covers', () => {
    expect(parseSignatureHeaders({ ...good, 'webhook-timestamp': '0001614265330' })).toMatchObject({
      id: 'msg_1',
      timestamp: '0001614265330',
      seconds: 1614265330,
    });
  });

  describe.each(NAMES)('refuses %s', (name) => {
    it.each([
      ['missing', undefined, 'missing_header'],
      ['empty', '', 'missing_header'],
      ['repeated', ['a', 'b'], 'malformed_header'],
      ['a list of one', [good[name]], 'malformed_header'],
      ['over-long', 'v1,'.padEnd(8193, 'x'), 'malformed_header'],
    ])('when it is %s', async (_, value, code) => {
      const error = await refusalOf(() => parseSignatureHeaders({ ...good, [name]: value }));

      expect(error.code).toBe(code);
      expect(error.message).toContain(name);
    });
  });

  it.each(['msg 1', 'msg_1\n', 'msg_\u00e9', '\u0000', 'msg_\u007f', '\ud800', ' ', 'x'.repeat(257)])(
    'refuses the id %j',
    async (id) => {
      expect(await codeOf(() => parseSignatureHeaders({ ...good, 'webhook-id': id }))).toBe('malformed_header');
    },
  );

  it.each(['msg_2d0e', '!"#$%&/()=?`~', 'a.b.c', 'x'.repeat(256)])('accepts the id %j', (id) => {
    expect(parseSignatureHeaders({ ...good, 'webhook-id': id }).id).toBe(id);
  });

  it.each([
    '123abc',
    '+123',
    '-123',
    ' 123',
    '123 ',
    '123\n',
    '1e9',
    '123.9',
    '0x7b',
    '1_000',
    '١٢٣',
    'NaN',
    'Infinity',
    '2026-01-22T12:00:00Z',
    '1'.repeat(17),
  ])('refuses the timestamp %j', async (timestamp) => {
    expect(await codeOf(() => parseSignatureHeaders({ ...good, 'webhook-timestamp': timestamp }))).toBe(
      'malformed_header',
    );
  });

  it('sorts the entries by scheme', () => {
    const { v1, v1a, jwt } = signaturesOf(`${V1} ${V1A} eyJhbGciOiJSUzI1NiJ9.e30.c2ln`);

    expect(v1.map((one) => `v1,${one.toString('base64')}`)).toEqual([V1]);
    expect(v1a.map((one) => `v1a,${one.toString('base64')}`)).toEqual([V1A]);
    expect(jwt).toEqual(['eyJhbGciOiJSUzI1NiJ9.e30.c2ln']);
  });

  it.each([
    ['an unknown scheme', `v2,${V1.slice(3)}`],
    ['another case', `V1,${V1.slice(3)}`],
    ['no scheme', V1.slice(3)],
    ['no comma', 'v1'],
    ['no signature', 'v1,'],
    ['a truncated signature', V1.slice(0, -8)],
    ['a signature without padding', V1.slice(0, -1)],
    ['a signature that is too long', `v1,${randomBytes(33).toString('base64')}`],
    ['a signature that is not base64', `v1,${'!'.repeat(44)}`],
    ['a v1a signature of the length of v1', `v1a,${V1.slice(3)}`],
    ['a v1 signature of the length of v1a', `v1,${V1A.slice(4)}`],
    ['more than one comma', `v1,,${V1.slice(3)}`],
    ['only spaces', '   '],
    ['a tab for a separator', `x\t${V1}`],
  ])('skips an entry with %s', (_, entry) => {
    expect(signaturesOf(entry)).toEqual({ v1: [], v1a: [], jwt: [] });
    expect(signaturesOf(`${entry} ${V1}`).v1).toHaveLength(1);
  });

  it.each([
    ['v1', V1, 16],
    ['v1a', V1A, 4],
    ['jwt', 'eyJhIjowfQ.e30.c2ln', 2],
  ] as const)('limits the number of %s entries, and so the cryptographic work per request', (scheme, entry, most) => {
    expect(signaturesOf(Array.from({ length: most + 1 }, () => entry).join(' '))[scheme]).toHaveLength(most);
  });

  it('finds a well-formed entry after a thousand others', () => {
    expect(signaturesOf(`${'v9,x '.repeat(1000)}${V1}`).v1).toHaveLength(1);
  });
});

describe('a timestamp', () => {
  const now = 1_700_000_000;

  it.each([
    ['now', 0, true],
    ['as old as the tolerance', -300, true],
    ['as far ahead as the tolerance', 300, true],
    ['a second older than the tolerance', -301, false],
    ['a second further ahead than the tolerance', 301, false],
    ['of 1970', -now, false],
    ['of sixteen digits', 9e15 - now, false],
  ])('%s is recent or not by its distance from now', async (_, distance, recent) => {
    expect(isRecent(now + distance, 300, now)).toBe(recent);
    const refused = await codeOf(() => checkTimestamp(now + distance, 300, now)).catch(() => undefined);
    expect(refused).toBe(recent ? undefined : 'timestamp_out_of_tolerance');
  });
});

describe('the limits of the headers', () => {
  it('let a signature of 8192 characters through', () => {
    expect(signaturesOf(`${V1} `.padEnd(8192, 'x')).v1).toHaveLength(1);
  });

  it('name the age of a delivery and the tolerance', async () => {
    const refusal = await refusalOf(() => checkTimestamp(1_000, 300, 1_400));

    expect(refusal.code).toBe('timestamp_out_of_tolerance');
    expect(refusal.message).toBe('The delivery is dated 400 s before now; toleranceSeconds is 300.');
  });
});
