import { describe, expect, it } from '@jest/globals';
import { earlierIdOfName, idOfName, isLost } from '../../../lib/inbox/job-tracker.js';

describe('the id of a job that is known only by its name', () => {
  it.each([
    ['batch', 'batches/batch_1', {}, 'name/batch/1'],
    ['interaction', 'interactions/i1', {}, 'name/interaction/i1'],
    ['video', 'v1', {}, 'name/interaction/v1'],
    ['batch', '1', { region: 'eu/1', project: 'a=b' }, 'name/batch/project=a%3Db/region=eu%2F1/1'],
    ['video', 'ü\ud800', {}, 'name/interaction/%C3%BC%EF%BF%BD'],
  ] as const)('of a %s named %j is always the same, because records outlive deploys', (kind, name, params, id) => {
    expect(idOfName({ kind, name, params })).toBe(id);
  });
});

describe('the id that version 0.1.0 gave such a job', () => {
  it('was another one for videos only', () => {
    expect(earlierIdOfName({ kind: 'video', name: 'v1', params: { region: 'eu' } })).toBe('name/video/region=eu/v1');
    expect(earlierIdOfName({ kind: 'batch', name: 'batches/b1', params: {} })).toBeUndefined();
    expect(earlierIdOfName({ kind: 'interaction', name: 'interactions/i1', params: {} })).toBeUndefined();
  });
});

describe('an outcome', () => {
  it('is lost if a later event or poll may correct it', () => {
    const outcomes = ['not_found', 'unknown_outcome', 'succeeded', 'failed'] as const;

    expect(outcomes.map(isLost)).toEqual([true, true, false, false]);
  });
});
