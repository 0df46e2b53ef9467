import { describe, expect, it } from '@jest/globals';
import { boundedCarrier } from '../../../lib/telemetry/trace-carrier.js';

describe('a stored position in a trace', () => {
  it('keeps trace headers of any propagator', () => {
    const carrier = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'x='.padEnd(512, 'y') };

    expect(boundedCarrier(carrier)).toEqual(carrier);
    expect(boundedCarrier({ b3: 'a-b-1' })).toEqual({ b3: 'a-b-1' });
  });

  it('has at most 1 KiB, without entries beyond it', () => {
    expect(boundedCarrier({ a: 'x'.repeat(1_000), b: 'y'.repeat(100), c: 'z' })).toEqual({
      a: 'x'.repeat(1_000),
      c: 'z',
    });
  });

  it('has no text that a store rejects or a log shows wrongly', () => {
    expect(boundedCarrier({ a: 'x\0', b: 'x\n', c: '\ud800', 'd\0': 'x', e: 1, f: 'x' })).toEqual({ f: 'x' });
  });

  it.each([[undefined], [null], ['text'], [{}], [{ a: 1 }]])('is absent for %p', (carrier) => {
    expect(boundedCarrier(carrier)).toBeUndefined();
  });
});
