import { describe, expect, it } from '@jest/globals';
import { pathOf, requestPath } from '../../../lib/signature/delivery-request.js';

describe('the path of a request target', () => {
  it.each([
    ['/gemini/webhooks', '/gemini/webhooks'],
    ['/gemini/webhooks?gemini_binding=a', '/gemini/webhooks'],
    ['/gemini/webhooks#x?y', '/gemini/webhooks'],
    ['http://host.example/gemini/webhooks?a', '/gemini/webhooks'],
    ['HTTPS://user:pass@host.example:8080/gemini', '/gemini'],
    ['http://[::1]:3000/gemini#x', '/gemini'],
    ['http://host.example/gemini/', '/gemini/'],
    ['h2c://host.example/gemini', '/gemini'],
    ['x/http://host.example/gemini', 'x/http://host.example/gemini'],
    ['http://host.example', '/'],
    ['http://host.example?/gemini', '/'],
    ['//host/gemini', '//host/gemini'],
    ['*', '*'],
    ['', '/'],
  ])('of %j is %j', (target, path) => {
    expect(requestPath(target)).toBe(path);
  });

  it('is truncated in a log line, and shows no credentials of a target in absolute form', () => {
    expect(pathOf(`/${'a'.repeat(199)}?token`)).toBe(`/${'a'.repeat(199)}`);
    expect(pathOf(`http://user:pass@host/${'a'.repeat(300)}?token`)).toBe(`/${'a'.repeat(199)}…`);
  });
});
