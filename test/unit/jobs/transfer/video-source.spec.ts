import { describe, expect, it } from '@jest/globals';
import { videoSourceOf } from '../../../../lib/jobs/transfer/video-source.js';

describe('videoSourceOf', () => {
  it.each([
    [{ id: 'v1_a', output_file_uri: 'https://a.example/v', file_name: 'files/f' }, 'https://a.example/v'],
    [{ id: 'v1_a', video_uri: 'https://a.example/v' }, 'https://a.example/v'],
    [{ id: 'v1_a', file_name: 'files/f' }, 'files/f'],
    [{ id: 'v1_a', output_file_uri: '', fileName: 'f' }, 'f'],
    [{ id: 'v1_a', file_name: 7 }, undefined],
    [{ id: 'v1_a' }, undefined],
  ])('finds the video of %j', (data, source) => {
    expect(videoSourceOf({ data } as unknown as Parameters<typeof videoSourceOf>[0])).toBe(source);
  });
});
