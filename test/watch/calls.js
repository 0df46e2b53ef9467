import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const NO_RETRY = { retryOptions: { attempts: 1 } };
const NO_RETRIES = { timeout_ms: 10_000, retries: { strategy: 'none' } };
const WEBHOOK = { uris: ['https://app.example.com/hook'], userMetadata: { order: 7, nested: { list: [1, 'two'] } } };
const SNAKE_WEBHOOK = { uris: WEBHOOK.uris, user_metadata: WEBHOOK.userMetadata };
const TEXT_MODEL = 'gemini-3.8-flash';
const VIDEO_MODEL = 'gemini-omni-1.1-flash';
const EMBEDDING_MODEL = 'gemini-embedding-2';
const contents = [{ role: 'user', parts: [{ text: 'hello' }] }];

const JOB = { name: 'batches/b1', metadata: { '@type': 'x', state: 'BATCH_STATE_PENDING' } };
const INTERACTION = { id: 'v1_abc', status: 'in_progress', steps: [] };
const WEBHOOK_ANSWER = { id: 'w1', name: 'app', uri: WEBHOOK.uris[0], subscribed_events: ['batch.failed'] };
const always = (body) => () => ({ body });

/**
 * The SDK's calls that we depend on, as we make them: each with what Gemini answers. A folder is for the file that is
 * uploaded.
 */
export async function callsOf(ai, folder) {
  const config = { displayName: 'job', webhookConfig: WEBHOOK, httpOptions: NO_RETRY };
  const file = join(folder, 'input.jsonl');
  await writeFile(file, '{"key":"one"}\n');
  return {
    'batches.create (inline)': [
      () => ai.batches.create({ model: TEXT_MODEL, src: [{ contents, metadata: { row: '1' } }], config }),
      always(JOB),
    ],
    'batches.create (file)': [
      () => ai.batches.create({ model: TEXT_MODEL, src: { fileName: 'files/in' }, config }),
      always(JOB),
    ],
    'batches.createEmbeddings (inline)': [
      () => ai.batches.createEmbeddings({ model: EMBEDDING_MODEL, src: { inlinedRequests: { contents } }, config }),
      always(JOB),
    ],
    'batches.createEmbeddings (file)': [
      () => ai.batches.createEmbeddings({ model: EMBEDDING_MODEL, src: { fileName: 'files/in' }, config }),
      always(JOB),
    ],
    'batches.get': [() => ai.batches.get({ name: 'batches/b1', config: { httpOptions: NO_RETRY } }), always(JOB)],
    'batches.list': [
      () => ai.batches.list({ config: { pageSize: 100, httpOptions: NO_RETRY } }),
      always({ operations: [JOB] }),
    ],
    'interactions.create (text)': [
      () =>
        ai.interactions.create(
          { model: TEXT_MODEL, input: 'hello', background: true, webhook_config: SNAKE_WEBHOOK },
          NO_RETRIES,
        ),
      always(INTERACTION),
    ],
    'interactions.create (agent)': [
      () =>
        ai.interactions.create(
          {
            agent: 'deep-research-preview-04-2026',
            input: 'hello',
            background: true,
            agent_config: { type: 'deep-research', collaborative_planning: true },
          },
          NO_RETRIES,
        ),
      always(INTERACTION),
    ],
    'interactions.create (video)': [
      () =>
        ai.interactions.create(
          {
            model: VIDEO_MODEL,
            input: 'a fox',
            background: true,
            response_format: { type: 'video', duration: '8s', resolution: '720p', delivery: 'uri' },
            webhook_config: SNAKE_WEBHOOK,
          },
          NO_RETRIES,
        ),
      always(INTERACTION),
    ],
    'interactions.create (extension)': [
      () =>
        ai.interactions.create(
          {
            model: VIDEO_MODEL,
            input: 'Extend this video. It runs.',
            background: true,
            previous_interaction_id: 'v1_abc',
            response_format: { type: 'video', duration: '8s', delivery: 'uri' },
          },
          NO_RETRIES,
        ),
      always(INTERACTION),
    ],
    'interactions.get': [() => ai.interactions.get('v1_abc', null, NO_RETRIES), always(INTERACTION)],
    'interactions.cancel': [() => ai.interactions.cancel('v1_abc', null, NO_RETRIES), always(INTERACTION)],
    'webhooks.create': [
      () => ai.webhooks.create({ name: 'app', uri: WEBHOOK.uris[0], subscribed_events: ['batch.failed'] }, NO_RETRIES),
      always({ ...WEBHOOK_ANSWER, new_signing_secret: 'whsec_AAAA' }),
    ],
    'webhooks.list': [
      () => ai.webhooks.list({ page_token: 'next' }, NO_RETRIES),
      always({ webhooks: [WEBHOOK_ANSWER] }),
    ],
    'webhooks.get': [() => ai.webhooks.get('w1', undefined, NO_RETRIES), always(WEBHOOK_ANSWER)],
    'webhooks.update': [
      () => ai.webhooks.update('w1', { state: 'enabled', update_mask: 'state' }, NO_RETRIES),
      always(WEBHOOK_ANSWER),
    ],
    'webhooks.rotateSigningSecret': [
      () =>
        ai.webhooks.rotateSigningSecret('w1', { revocation_behavior: 'revoke_previous_secrets_after_h24' }, NO_RETRIES),
      always({ secret: 'whsec_AAAA' }),
    ],
    'webhooks.ping': [() => ai.webhooks.ping('w1', undefined, NO_RETRIES), always({})],
    'webhooks.delete': [() => ai.webhooks.delete('w1', undefined, NO_RETRIES), always({})],
    'files.upload': [
      () => ai.files.upload({ file, config: { mimeType: 'application/jsonl', displayName: 'input' } }),
      ({ path }, origin) =>
        path.includes('session')
          ? { headers: { 'x-goog-upload-status': 'final' }, body: { file: { name: 'files/f1' } } }
          : { headers: { 'x-goog-upload-url': `${origin}/upload/session` } },
    ],
    'files.get': [() => ai.files.get({ name: 'files/f1' }), always({ name: 'files/f1', state: 'PROCESSING' })],
    'files.delete': [() => ai.files.delete({ name: 'files/f1' }), always({})],
    'models.generateVideos': [
      () =>
        ai.models.generateVideos({
          model: VIDEO_MODEL,
          source: { prompt: 'a fox' },
          config: { httpOptions: NO_RETRY },
        }),
      always({ name: 'models/m/operations/o1' }),
    ],
    // One try and no more, or a job would be started twice.
    'batches.create (503)': [
      () => ai.batches.create({ model: TEXT_MODEL, src: { fileName: 'files/in' }, config: { httpOptions: NO_RETRY } }),
      () => ({ status: 503 }),
    ],
    'interactions.create (503)': [
      () => ai.interactions.create({ model: TEXT_MODEL, input: 'hello', background: true }, NO_RETRIES),
      () => ({ status: 503 }),
    ],
  };
}

/** States of a batch as Gemini sends them; the SDK makes its own of them. */
const BATCH_STATES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'PARTIALLY_SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED'].map(
  (state) => `BATCH_STATE_${state}`,
);

/** What the SDK makes of answers: calls whose result we read, by what was answered. */
export function readingsOf(ai) {
  const answered = (state) => [
    () => ai.batches.get({ name: 'batches/b1' }),
    always({ ...JOB, metadata: { state } }),
    (job) => job.state,
  ];
  return {
    ...Object.fromEntries(BATCH_STATES.map((state) => [`batches.get ${state}`, answered(state)])),
    'batches.get file output': [
      () => ai.batches.get({ name: 'batches/b1' }),
      always({ ...JOB, metadata: { state: 'BATCH_STATE_SUCCEEDED', output: { responsesFile: 'files/out' } } }),
      (job) => job.dest,
    ],
    'interactions.get output_video': [
      () => ai.interactions.get('v1_abc', null, NO_RETRIES),
      always({
        ...INTERACTION,
        status: 'completed',
        steps: [
          { type: 'model_output', content: [{ type: 'video', mime_type: 'video/mp4', uri: 'https://g.example/f' }] },
        ],
      }),
      (interaction) => interaction.output_video,
    ],
  };
}
