import { CLOSED, requestBytes, withHeaders, type Attack, type Choices, type HeaderLines } from './attack.js';
import { authentic, eventOf, forged, signed, type Plain, type Stolen } from './sender.js';

type BodyAttack = (stolen: Stolen, choices: Choices) => Omit<Attack, 'what'>;

const whole = (plain: Plain) => requestBytes(plain.headers, plain.body);

const lengthOf = (headers: HeaderLines, length: string) => withHeaders(headers, { 'content-length': length });

const chunkedHeaders = ({ headers }: Plain): HeaderLines => [
  ...withHeaders(headers, { 'content-length': undefined }),
  ['transfer-encoding', 'chunked'],
];

function chunks(body: Buffer, choices: Choices, extension = ''): string {
  const parts = choices.cut(body, 1 + choices.below(5)).filter(({ length }) => length > 0);
  return parts.map((part) => `${part.length.toString(16)}${extension}\r\n${part.toString('latin1')}\r\n`).join('');
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

const sized = (choices: Choices, bytes: number) => eventOf(choices, Math.max(0, bytes - eventOf(choices, 0).length));

/** Requests whose body is truncated, too long, malformed, or sent in odd ways. */
export const BODY_ATTACKS: Readonly<Record<string, BodyAttack>> = {
  'a signed body is cut off by its length': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const bytes = requestBytes(lengthOf(headers, String(choices.below(body.length))), body);
    // The rest of the body is taken for another request.
    return { pieces: [bytes], answers: [401, 400, CLOSED], after: 'closes' };
  },
  'a signed upload is cut': (stolen, choices) => {
    const bytes = whole(authentic(stolen, choices));
    const length = choices.below(bytes.length - 1) + 1;
    return { pieces: choices.cut(bytes.subarray(0, length), 2), answers: [], after: 'cuts' };
  },
  'a signed upload never ends and is cut': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const bytes = requestBytes(lengthOf(headers, String(body.length + 1 + choices.below(1_000))), body);
    return { pieces: choices.cut(bytes, 3), answers: [], after: 'cuts' };
  },
  'the length is no number': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const odd = choices.oneOf(['-1', '1e2', '0x10', '1,2', 'x', '99999999999999999999999']);
    return { pieces: [requestBytes(lengthOf(headers, odd), body)], answers: [400, CLOSED], after: 'closes' };
  },
  'there are two lengths': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const twice: HeaderLines = [...headers, ['content-length', String(body.length + choices.below(2))]];
    return { pieces: [requestBytes(twice, body)], answers: [400, CLOSED], after: 'closes' };
  },
  'there are a length and chunks': (stolen, choices) => {
    const plain = authentic(stolen, choices);
    const both: HeaderLines = [...plain.headers, ['transfer-encoding', 'chunked']];
    const body = latin1(`${chunks(plain.body, choices)}0\r\n\r\n`);
    return { pieces: [requestBytes(both, body)], answers: [400, CLOSED], after: 'closes' };
  },
  'a forgery comes in chunks': (_stolen, choices) => {
    const plain = forged(choices);
    const extension = choices.oneOf(['', ';x=y', ';x']);
    const bytes = requestBytes(chunkedHeaders(plain), latin1(`${chunks(plain.body, choices, extension)}0\r\n\r\n`));
    return { pieces: choices.cut(bytes, 1 + choices.below(4)), answers: [401], after: 'continues' };
  },
  'a signed body has a malformed chunk': (stolen, choices) => {
    const plain = authentic(stolen, choices);
    const odd = choices.oneOf(['zz\r\n', '-1\r\n', '5\r\nabcdefgh\r\n', '\r\n']);
    const bytes = requestBytes(chunkedHeaders(plain), latin1(`${chunks(plain.body, choices)}${odd}`));
    return { pieces: [bytes], answers: [400, CLOSED], after: 'closes' };
  },
  'a signed body lacks its last chunk and is cut': (stolen, choices) => {
    const plain = authentic(stolen, choices);
    const bytes = requestBytes(chunkedHeaders(plain), latin1(chunks(plain.body, choices)));
    return { pieces: choices.cut(bytes, 2), answers: [], after: 'cuts' };
  },
  'the webhook headers come as trailers': (stolen, choices) => {
    const plain = authentic(stolen, choices);
    const isOurs = ([name]: readonly [string, string]) => name.startsWith('webhook-');
    const trailers = plain.headers.filter(isOurs).map(([name, value]) => `${name}: ${value}\r\n`);
    const headers = chunkedHeaders({ ...plain, headers: plain.headers.filter((line) => !isOurs(line)) });
    const bytes = requestBytes(headers, latin1(`${chunks(plain.body, choices)}0\r\n${trailers.join('')}\r\n`));
    return { pieces: [bytes], answers: [400], after: 'continues' };
  },
  'a forgery comes in many packets': (_stolen, choices) => ({
    pieces: choices.cut(whole(forged(choices)), 2 + choices.below(8)),
    answers: [401],
    after: 'continues',
  }),
  'a forgery is as long as allowed': ({ bodyLimitBytes }, choices) => ({
    pieces: choices.cut(whole(forged(choices, sized(choices, bodyLimitBytes))), 1 + choices.below(3)),
    answers: [401],
    after: 'continues',
  }),
  'a signed body is longer than allowed': (stolen, choices) => {
    const plain = authentic(stolen, choices, sized(choices, stolen.bodyLimitBytes + 1 + choices.below(5_000)));
    return { pieces: [whole(plain)], answers: [413], after: 'closes' };
  },
  'a signed body in chunks is longer than allowed': (stolen, choices) => {
    const plain = authentic(stolen, choices, sized(choices, stolen.bodyLimitBytes + 1 + choices.below(5_000)));
    const bytes = requestBytes(chunkedHeaders(plain), latin1(`${chunks(plain.body, choices)}0\r\n\r\n`));
    return { pieces: [bytes], answers: [413], after: 'closes' };
  },
  'a body that never comes is declared too long': (stolen, choices) => {
    const { headers } = authentic(stolen, choices);
    const length = String(stolen.bodyLimitBytes + 1 + choices.below(1e9));
    return { pieces: [requestBytes(lengthOf(headers, length))], answers: [413], after: 'closes' };
  },
  'a signed body is no event': ({ secret }, choices) => {
    const odd = choices.oneOf([
      '',
      ' ',
      '{',
      '[]',
      'null',
      '1',
      '"batch.succeeded"',
      '{}',
      '{"type":1}',
      '\0',
      '{"a":',
    ]);
    return { pieces: [whole(signed(secret, choices, Buffer.from(odd)))], answers: [400], after: 'continues' };
  },
  'a signed body is not text': ({ secret }, choices) => {
    const bytes = Buffer.concat([Buffer.from([0xff]), choices.bytes(1 + choices.below(400))]);
    return { pieces: [whole(signed(secret, choices, bytes))], answers: [400], after: 'continues' };
  },
  'a signed body is changed on its way': (stolen, choices) => {
    const plain = authentic(stolen, choices);
    const body = Buffer.from(plain.body);
    body[choices.below(body.length)]! ^= 1 << choices.below(8);
    return { pieces: [requestBytes(plain.headers, body)], answers: [401], after: 'continues' };
  },
  'a forgery is followed by other bytes': (_stolen, choices) => {
    const trailing = choices.oneOf([
      choices.bytes(1 + choices.below(200)),
      Buffer.from('\r\n\r\nGET'),
      Buffer.alloc(50),
    ]);
    const bytes = Buffer.concat([whole(forged(choices)), trailing]);
    return { pieces: [bytes], answers: [401, 400, CLOSED], after: 'closes' };
  },
  'several forgeries come at once': (_stolen, choices) => {
    const bytes = Buffer.concat(Array.from({ length: 2 + choices.below(4) }, () => whole(forged(choices))));
    return { pieces: [bytes], answers: [401], after: 'closes' };
  },
};
