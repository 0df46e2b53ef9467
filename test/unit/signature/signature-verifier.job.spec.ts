import { describe, expect, it } from '@jest/globals';
import { BindingTokens } from '../../../lib/signature/binding.js';
import type { JobConfirmation } from '../../../lib/signature/job-confirmation.js';
import { SignatureVerifier } from '../../../lib/signature/signature-verifier.js';
import { bodyOf, GoogleKeys, withEd25519 } from '../../support/senders.js';
import { configOf, refusalOf, requestOf } from '../../support/verifying.js';

const google = new GoogleKeys();
const config = configOf({
  jwks: { keySet: google.keySet },
  binding: { secret: 'a binding secret of the tests' },
  bodyLimitBytes: 1024,
});
const tokens = new BindingTokens(['a binding secret of the tests'], 3600);
const place = { registration: 'default', path: 'gemini/webhooks', params: {} };

/** Verifies an event with a token of this job, or of none. */
async function verify(confirm?: JobConfirmation, { type = 'batch.succeeded', namesJob = true } = {}) {
  const token = await tokens.mint({ ...place, kind: 'batch', ...(namesJob && { job: 'job.batch.1' }) });
  const delivery = withEd25519(google.key(), bodyOf(type, { id: 'b1' }));
  const request = requestOf(delivery, { url: `/gemini/webhooks?gemini_binding=${token}` });
  return new SignatureVerifier(config, tokens, confirm).verify(request);
}

describe('a delivery whose token names a job', () => {
  const asked: unknown[][] = [];
  const confirmWith =
    (isConfirmed: boolean): JobConfirmation =>
    async (...given) => {
      asked.push(given);
      return isConfirmed;
    };

  it('is accepted if its event belongs to that job, and has the key of the job', async () => {
    asked.length = 0;
    const delivery = await verify(confirmWith(true));

    expect(delivery.key).toBe('default/job/batch/job.batch.1/batch.succeeded');
    expect(asked).toEqual([['job.batch.1', 'batch.succeeded', { kind: 'batch', name: 'batches/b1' }]]);
  });

  it('is refused if its event belongs to another job', async () => {
    expect(await refusalOf(() => verify(confirmWith(false)))).toMatchObject({
      code: 'unbound_delivery',
      message: "The delivery's token names job.batch.1, and its event another job.",
    });
  });

  it('is accepted where no jobs are recorded, or if nothing is known of its type', async () => {
    expect(await verify()).toBeDefined();
    expect(await verify(confirmWith(false), { type: 'batch.invented_later' })).toBeDefined();
  });

  it('is not checked if the token names no job', async () => {
    asked.length = 0;

    expect((await verify(confirmWith(false), { namesJob: false })).key).toBe('default/batch/b1/batch.succeeded');
    expect(asked).toEqual([]);
  });
});

describe('the reason of a refusal', () => {
  const refusal = (body: string) =>
    refusalOf(() => new SignatureVerifier(config, tokens).verify(requestOf(withEd25519(google.key(), body))));

  it('says that the token is missing, and what to check', async () => {
    expect((await refusal(bodyOf('batch.succeeded'))).message).toBe(
      'It is signed by Google, but has no binding token of this deployment. Was its job started with GeminiJobs, with the same binding secret or API key?',
    );
  });

  it('says how large a body may be', async () => {
    expect((await refusal(bodyOf('batch.succeeded').padEnd(1_025))).message).toBe(
      'The delivery is larger than bodyLimitBytes (1024).',
    );
  });
});
