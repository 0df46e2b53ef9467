import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { onConnectionError } from '../../../../../lib/bullmq/store/redis/redis-cluster-errors.js';

describe('the reason for a missing connection', () => {
  it('is that of the next attempt to connect, not of a write to a connection that the server has closed', () => {
    const client = new EventEmitter();
    const reasons: string[] = [];
    onConnectionError(client as never, ({ message }) => reasons.push(message));
    client.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    client.emit('error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));

    expect(reasons).toEqual(['connect ECONNREFUSED']);
  });
});
