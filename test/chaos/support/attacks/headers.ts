import { CLOSED, requestBytes, withHeaders, type Attack, type Choices, type HeaderLines } from './attack.js';
import { authentic, forged, type Stolen } from './sender.js';

const WEBHOOK_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

type HeaderAttack = (stolen: Stolen, choices: Choices) => Pick<Attack, 'answers'> & Partial<Attack> & { bytes: Buffer };

const changed = (
  headers: (given: HeaderLines, choices: Choices) => HeaderLines,
  answers: readonly number[],
  of: 'authentic' | 'forged' = 'authentic',
): HeaderAttack => {
  return (stolen, choices) => {
    const plain = of === 'authentic' ? authentic(stolen, choices) : forged(choices);
    return { bytes: requestBytes(headers(plain.headers, choices), plain.body), answers };
  };
};

const set = (name: string, value: (choices: Choices) => string | undefined, answers: readonly number[]) =>
  changed((given, choices) => withHeaders(given, { [name]: value(choices) }), answers);

const valueOf = (headers: HeaderLines, name: string) => headers.find(([one]) => one === name)?.[1] ?? '';

const mixedCase = (text: string, choices: Choices) =>
  [...text].map((letter) => (choices.below(2) === 0 ? letter.toUpperCase() : letter)).join('');

/** Requests whose headers are missing, repeated, too long, oddly spelled or malformed. */
export const HEADER_ATTACKS: Readonly<Record<string, HeaderAttack>> = {
  'a webhook header is missing': changed(
    (given, choices) => withHeaders(given, { [choices.oneOf(WEBHOOK_HEADERS)]: undefined }),
    [400],
  ),
  'a webhook header is empty or blank': changed(
    (given, choices) => withHeaders(given, { [choices.oneOf(WEBHOOK_HEADERS)]: choices.oneOf(['', ' ', '\t ']) }),
    [400],
  ),
  'a webhook header is repeated': changed(
    (given, choices) => {
      const name = choices.oneOf(WEBHOOK_HEADERS);
      const again = choices.oneOf([valueOf(given, name), '', 'x', `${valueOf(given, name)}, x`]);
      const extra = [mixedCase(name, choices), again] as const;
      return choices.below(2) === 0 ? [...given, extra] : [extra, ...given];
    },
    [400],
  ),
  'a webhook header is over-long': changed(
    (given, choices) => {
      const [name, min] = choices.oneOf([
        ['webhook-id', 257],
        ['webhook-timestamp', 17],
        ['webhook-signature', 8_193],
      ] as const);
      return withHeaders(given, { [name]: '1'.repeat(min + choices.below(500)) });
    },
    [400],
  ),
  'the headers exceed what the server takes': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const large: HeaderLines = [['x-padding', 'x'.repeat(17_000 + choices.below(40_000))], ...headers];
    return { bytes: requestBytes(large, body), answers: [431, CLOSED], after: 'closes' };
  },
  'a forgery has many other headers': changed(
    (given, choices) => {
      const count = 1 + choices.below(150);
      const others = Array.from({ length: count }, (_one, index) => [`x-${index}`, choices.text(10)] as const);
      return [...others, ...given];
    },
    [401],
    'forged',
  ),
  'a forgery spells its headers in mixed case': changed(
    (given, choices) => given.map(([name, value]) => [mixedCase(name, choices), value] as const),
    [401],
    'forged',
  ),
  'the id has characters that it must not have': set(
    'webhook-id',
    (choices) => choices.oneOf(['msg 1', 'msg\t1', 'msg_\u00e9', '\u00ff', 'a b c']),
    [400],
  ),
  'the timestamp is no number of seconds': set(
    'webhook-timestamp',
    (choices) => choices.oneOf(['now', '1e9', '0x10', '1.5', '-1', '+1', 'NaN', 'Infinity', '1 2', '\u00b2', '']),
    [400],
  ),
  'the timestamp is not of this time': set(
    'webhook-timestamp',
    (choices) => String(Math.floor(Date.now() / 1000) + choices.oneOf([-1, 1]) * (4_000 + choices.below(1e6))),
    [400],
  ),
  'the signature has no entry': set(
    'webhook-signature',
    (choices) => choices.oneOf([',', 'v1', 'v1,', 'v2,AAAA', '\u00e9', '{}', '__proto__', 'null', 'v1,====']),
    [401],
  ),
  'the body is not declared as JSON': set(
    'content-type',
    (choices) =>
      choices.oneOf([
        'text/plain',
        'text/json',
        'application/octet-stream',
        'multipart/form-data; boundary=x',
        ';',
        'json',
        'application/jsonp; charset=utf-8',
        choices.text(8),
      ]),
    [415],
  ),
  'the body has a content encoding': set(
    'content-encoding',
    (choices) => choices.oneOf(['gzip', 'br', 'deflate', 'zstd', 'identity, gzip', choices.text(5)]),
    [415],
  ),
  'the host is missing': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    return {
      bytes: requestBytes(withHeaders(headers, { host: undefined }), body),
      answers: [400, CLOSED],
      after: 'closes',
    };
  },
  'a header line is malformed': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const odd = choices.oneOf(['no colon', ': no name', 'sp ace: x', 'nul: \0', '\u00e9: x']);
    const bytes = requestBytes(headers, body).toString('latin1').replace('\r\n', `\r\n${odd}\r\n`);
    return { bytes: Buffer.from(bytes, 'latin1'), answers: [400, CLOSED], after: 'closes' };
  },
  'a forgery expects 100-continue': changed((given) => [...given, ['expect', '100-continue']], [401], 'forged'),
  'something unknown is expected': (_stolen, choices) => {
    const { headers, body } = forged(choices);
    const bytes = requestBytes([...headers, ['expect', choices.text(6)]], body);
    return { bytes, answers: [417, CLOSED], after: 'closes' };
  },
  'a forgery asks for an upgrade': (_stolen, choices) => {
    const { headers, body } = forged(choices);
    const upgrade = [
      ['connection', 'upgrade'],
      ['upgrade', choices.oneOf(['websocket', 'h2c', 'x'])],
    ] as const;
    return { bytes: requestBytes([...headers, ...upgrade], body), answers: [401], after: 'closes' };
  },
  'a forgery is HTTP/1.0': (_stolen, choices) => {
    const { headers, body } = forged(choices);
    return { bytes: requestBytes(headers, body, { version: '1.0' }), answers: [401], after: 'closes' };
  },
};
