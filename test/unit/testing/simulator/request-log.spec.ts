import { describe, expect, it } from '@jest/globals';
import { RequestLog } from '../../../../lib/testing/simulator/request-log.js';

const call = (operation: string, path: string, json?: unknown) => ({ operation, path, status: 200, json });

describe('RequestLog', () => {
  it.each([
    ['batches.get', '/v1beta/batches/1', { name: 'batches/1' }, 'batches/1'],
    ['batches.get', '/v1beta/batches/1', undefined, 'batches/1'],
    ['batches.create', '/v1beta/models/m:batchGenerateContent', { name: 'batches/1' }, 'batches/1'],
    ['batches.list', '/v1beta/batches', { batches: [] }, undefined],
    ['batches.cancel', '/v1beta/batches/1:cancel', {}, 'batches/1'],
    ['operations.getVideosOperation', '/v1beta/models/m/operations/o', undefined, 'models/m/operations/o'],
    ['interactions.get', '/v1beta/interactions/i', undefined, 'i'],
    ['interactions.create', '/v1beta/interactions', { id: 'i' }, 'i'],
    ['webhooks.create', '/v1beta/webhooks', { id: 'w', name: 'mine' }, 'w'],
    ['files.upload', '/upload/v1beta/files/u', { file: { name: 'files/f' } }, 'files/f'],
    ['jwks', '/.well-known/jwks.json', { keys: [] }, undefined],
  ])('records the resource of %s at %s', (operation, path, json, name) => {
    const log = new RequestLog();
    log.add(call(operation, path, json), 5);

    expect(log.entries).toEqual([{ operation, ...(name !== undefined && { name }), status: 200, at: 5 }]);
  });

  it('counts calls by operation, and by operation and resource', () => {
    const log = new RequestLog();
    for (const id of ['1', '1', '2']) log.add(call('interactions.get', `/v1beta/interactions/${id}`), 0);

    expect(log.countOf('interactions.get')).toBe(3);
    expect(log.countOf('interactions.get', '1')).toBe(2);
    expect(log.countOf('interactions.get', 'interactions/1')).toBe(2);
    expect(log.countOf('interactions.get', '3')).toBe(0);
    expect(log.countOf('batches.get')).toBe(0);
  });
});
