import { describe, expect, it, jest } from '@jest/globals';
import type { Request, Response } from 'express';
import { sameOrigin } from '../../../sample/admin/same-origin.js';

/** @returns whether a request was let through */
function passes(method: string, site?: string): boolean {
  const next = jest.fn();
  const response = { status: () => response, type: () => response, send: () => response };
  sameOrigin(
    { method, headers: { 'sec-fetch-site': site } } as unknown as Request,
    response as unknown as Response,
    next,
  );
  return next.mock.calls.length === 1;
}

describe('sameOrigin', () => {
  it.each([
    ['GET', 'cross-site', true],
    ['HEAD', 'cross-site', true],
    ['PUT', 'same-origin', true],
    // Not a browser.
    ['PUT', undefined, true],
    ['PUT', 'cross-site', false],
    ['POST', 'same-site', false],
    ['DELETE', 'none', false],
  ])('%s from %s: %s', (method, site, isLetThrough) => {
    expect(passes(method, site)).toBe(isLetThrough);
  });
});
