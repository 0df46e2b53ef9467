import { expect } from '@jest/globals';
import type { Answer } from './http.js';

/** An acknowledgement exactly as in the contract. */
export function expectReceipt({ status, headers, body }: Answer, expected: number, says: string): void {
  expect([status, body]).toEqual([expected, { status: says }]);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('retry-after')).toBeNull();
}

/** A refusal exactly as in the contract, without any of the `hidden` texts. */
export function expectProblem(
  { status, headers, body }: Answer,
  expected: number,
  code: string,
  hidden: readonly string[] = [],
): void {
  expect(body).toEqual({
    type: expect.stringMatching(new RegExp(`[:/]${code}$`)),
    title: expect.stringMatching(/\w+ \w+/),
    status: expected,
    code,
  });
  expect(status).toBe(expected);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(headers.get('retry-after')).toEqual(expected === 503 ? expect.stringMatching(/^[1-9]\d*$/) : null);
  const all = JSON.stringify([body, [...headers]]);
  for (const one of hidden) expect(all).not.toContain(one);
}
