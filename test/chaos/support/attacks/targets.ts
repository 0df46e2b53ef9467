import { CLOSED, requestBytes, type Attack, type Choices } from './attack.js';
import { authentic, forged, type Stolen } from './sender.js';

type TargetAttack = (stolen: Stolen, choices: Choices) => Omit<Attack, 'what'>;

/** A forgery to a target that may or may not be our route: it is refused here or there. */
const at =
  (target: (choices: Choices) => string, answers: readonly number[] = [401, 404, 400]): TargetAttack =>
  (_stolen, choices) => {
    const { headers, body } = forged(choices);
    const bytes = requestBytes(headers, body, { target: target(choices) });
    return { pieces: [bytes], answers: [...answers, CLOSED], after: 'closes' };
  };

/** Requests with unusual methods and targets. */
export const TARGET_ATTACKS: Readonly<Record<string, TargetAttack>> = {
  'a forgery has an absolute target': at(
    (choices) =>
      choices.oneOf([
        'http://app.example.com/gemini/webhooks',
        'HTTP://APP.EXAMPLE.COM/gemini/webhooks',
        'https://other.example.com:8443/gemini/webhooks',
        `http://${choices.text(8, 'abc')}/gemini/webhooks?${choices.text(20)}`,
      ]),
    [401],
  ),
  'an absolute target has no path or odd parts': at((choices) =>
    choices.oneOf([
      'http://app.example.com',
      'http://user:word@app.example.com/gemini/webhooks',
      'http:///gemini/webhooks',
      'http://[::1]/gemini/webhooks',
      'x://app.example.com/gemini/webhooks',
      'http://app.example.com/other/http://app.example.com/gemini/webhooks',
    ]),
  ),
  'the target is no path': at((choices) => choices.oneOf(['*', 'app.example.com:80', 'gemini/webhooks', '?', '//'])),
  'a forgery spells the path unusually': at((choices) =>
    choices.oneOf([
      '/gemini/webhooks/',
      '/GEMINI/Webhooks',
      '/gemini%2fwebhooks',
      '/%67emini/webhooks',
      '//gemini/webhooks',
      '/gemini//webhooks',
      '/./gemini/webhooks',
      '/x/../gemini/webhooks',
      '/gemini/webhooks;x=y',
      '/gemini/webhooks#x',
      '/gemini/webhooks%00',
      '/gemini/webhooks/x',
    ]),
  ),
  'the path is not valid percent-encoding': at((choices) =>
    choices.oneOf(['/gemini/webhooks%', '/gemini/%zz', '/%c0%ae/gemini/webhooks', '/gemini/webhooks?%zz', '/%']),
  ),
  'a forgery has a long or odd query': at(
    (choices) =>
      `/gemini/webhooks?${choices.oneOf([
        choices.text(4_000),
        'a=1&a=2&a[]=3&__proto__[x]=1',
        '?'.repeat(100),
        '&'.repeat(1_000),
        `gemini_binding=${choices.text(300)}`,
        `gemini_binding=${choices.text(20)}&gemini_binding=${choices.text(20)}`,
        `gemini_binding=${'x'.repeat(5_000)}`,
        'gemini_binding[]=x',
        'gemini_binding=%zz',
      ])}`,
    [401],
  ),
  'the target exceeds what the server takes': at((choices) => `/${choices.text(17_000)}`, [431]),
  'a signed delivery has another method': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const method = choices.oneOf(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'SEARCH']);
    return { pieces: [requestBytes(headers, body, { method })], answers: [404, 405], after: 'closes' };
  },
  'a signed delivery is a HEAD': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    return {
      pieces: [requestBytes(headers, body, { method: 'HEAD' })],
      answers: [404, 405],
      after: 'closes',
      isHead: true,
    };
  },
  'the method is unknown': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const method = choices.oneOf(['FOO', 'post', 'P OST', 'POSTT', choices.text(6)]);
    return { pieces: [requestBytes(headers, body, { method })], answers: [400, CLOSED], after: 'closes' };
  },
  'a tunnel is asked for': (stolen, choices) => {
    const { headers } = authentic(stolen, choices);
    const bytes = requestBytes(headers, '', { method: 'CONNECT', target: 'app.example.com:80' });
    return { pieces: [bytes], answers: [400, 404, CLOSED], after: 'closes' };
  },
  'the version is unknown': (stolen, choices) => {
    const { headers, body } = authentic(stolen, choices);
    const version = choices.oneOf(['9.9', 'x', '1.11', '1']);
    return { pieces: [requestBytes(headers, body, { version })], answers: [400, 505, CLOSED], after: 'closes' };
  },
};
