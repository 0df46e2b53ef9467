import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@google/genai';
import { statusOf } from '../../../lib/shared/http-status.js';

describe('statusOf', () => {
  it.each([
    ['an ApiError of the SDK', new ApiError({ message: 'no', status: 404 }), 404],
    ['an error with a statusCode', Object.assign(new Error('no'), { statusCode: 500 }), 500],
    ['an error without a status', new Error('no'), undefined],
    ['a status that is not a number', { status: 'INVALID_ARGUMENT' }, undefined],
    ['nothing', undefined, undefined],
  ])('reads the status of %s', (_, error, status) => {
    expect(statusOf(error)).toBe(status);
  });
});
