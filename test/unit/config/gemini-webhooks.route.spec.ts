import { describe, expect, it } from '@jest/globals';
import type { GeminiWebhooksRouteOptions } from '../../../lib/config/gemini-webhooks.options.js';
import { fillPath, geminiWebhooksRoute } from '../../../lib/config/gemini-webhooks.route.js';
import { refusalOf } from '../../support/verifying.js';

const route = (options: unknown = {}, environmentPath?: string) =>
  geminiWebhooksRoute(options as GeminiWebhooksRouteOptions, environmentPath);

describe('geminiWebhooksRoute', () => {
  it('has defaults', () => {
    expect(route()).toEqual({
      registration: 'default',
      path: 'gemini/webhooks',
      controller: true,
      decorators: [],
      global: true,
    });
    expect(route({ name: undefined, path: undefined, controller: undefined, decorators: undefined })).toEqual(route());
  });

  it('keeps the given options', () => {
    const decorators = [() => undefined];

    expect(route({ name: 'Tenant-b_1.x', path: 'b', controller: false, decorators })).toEqual({
      registration: 'Tenant-b_1.x',
      path: 'b',
      controller: false,
      decorators,
      global: true,
    });
  });

  it('uses the path of the environment if the option is not set', () => {
    expect(route({}, 'from/env').path).toBe('from/env');
    expect(route({ path: 'own' }, 'from/env').path).toBe('own');
    expect(route({}, '').path).toBe('gemini/webhooks');
  });

  it.each([
    ['/hooks/gemini/', 'hooks/gemini'],
    ['//hooks', 'hooks'],
    ['gemini/:project/:region_2', 'gemini/:project/:region_2'],
    ["a.b~c!$&'()+,;=@%20-", "a.b~c!$&'()+,;=@%20-"],
  ])('normalizes the path %j to %j', (given, path) => {
    expect(route({ path: given }).path).toBe(path);
  });

  it.each<[string, unknown, RegExp]>([
    ['path', '', /got ""/],
    ['path', '/', /got "\/"/],
    ['path', 'a//b', /got "a\/\/b"/],
    ['path', 'a b', /got "a b"/],
    ['path', 'a?b', /got "a\?b"/],
    ['path', 'a#b', /got "a#b"/],
    ['path', 'a/*', /got "a\/\*"/],
    ['path', 'a/:', /got "a\/:"/],
    ['path', ':1', /got ":1"/],
    ['path', 'a/{:b}', /got/],
    ['path', 7, /got 7/],
    ['path', ['a'], /got a list/],
    ['name', '', /got "".*1 to 64/],
    ['name', 'a/b', /got "a\/b"/],
    ['name', 'a b', /got "a b"/],
    ['name', 'x'.repeat(65), /got "x+"/],
    ['name', 7, /got 7/],
    ['controller', 'false', /got "false".*true or false/],
    ['global', 'no', /got "no".*true or false/],
    ['decorators', {}, /list of class decorators/],
    ['decorators', ['Public'], /list of class decorators/],
  ])('rejects %s: %j with its name and what to do', async (option, value, says) => {
    const { code, message } = await refusalOf(() => route({ [option]: value }));

    expect(code).toBe('invalid_option');
    expect(message).toMatch(new RegExp(`^GeminiWebhooksModule: ${option}: got .*Give `));
    expect(message).toMatch(says);
  });

  it('rejects an invalid path of the environment', async () => {
    expect((await refusalOf(() => route({}, 'a b'))).message).toMatch(/path: got "a b"/);
  });
});

describe('fillPath', () => {
  it.each<[string, Record<string, string>, string]>([
    ['gemini/webhooks', {}, 'gemini/webhooks'],
    ['/gemini/:project', { project: 'acme' }, '/gemini/acme'],
    ['/:a/x/:b', { a: '1', b: '2' }, '/1/x/2'],
    ['/:a', { a: 'ü/?#& %' }, '/%C3%BC%2F%3F%23%26%20%25'],
    ['/:a', { a: ':a' }, '/%3Aa'],
  ])('fills %j with %j and returns %j', (path, params, filled) => {
    expect(fillPath(path, params)).toBe(filled);
  });

  it('rejects a parameter that the path does not have, by name', async () => {
    const error = await refusalOf(() => fillPath('/gemini/:project', { project: 'acme', tenant: 'x' }));

    expect([error.code, error.message]).toEqual(['invalid_argument', expect.stringContaining('"tenant"')]);
  });

  it.each([{}, { project: '' }, { project: '.' }, { project: '..' }, { project: 7 as unknown as string }])(
    'rejects %j and names the missing parameter',
    async (params: Record<string, string>) => {
      const error = await refusalOf(() => fillPath('/gemini/:project', params));

      expect([error.code, error.message]).toEqual(['invalid_argument', expect.stringContaining('params.project')]);
    },
  );

  it('ignores inherited properties', async () => {
    expect((await refusalOf(() => fillPath('/:constructor', {}))).code).toBe('invalid_argument');
  });
});
