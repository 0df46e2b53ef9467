import { bigint, boolean, integer, pgSchema, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** In a schema of its own: the database may be one that a team has already. */
export const sampleSchema = pgSchema('gemini_sample');

const time = (name: string) => timestamp(name, { withTimezone: true });
const workflow = () =>
  uuid('workflow')
    .notNull()
    .references(() => workflows.id, { onDelete: 'cascade' });

/** What a person has started. */
export const workflows = sampleSchema.table('workflows', {
  id: uuid('id').primaryKey(),
  kind: text('kind', { enum: ['batch', 'film', 'research'] }).notNull(),
  title: text('title').notNull(),
  status: text('status', { enum: ['running', 'waiting', 'succeeded', 'failed'] })
    .notNull()
    .default('running'),
  startedAt: time('started_at').notNull().defaultNow(),
  endedAt: time('ended_at'),
  failure: text('failure'),
});

/**
 * What a workflow asks of Gemini, a row before it is asked. `planned` → `submitted`, with the job's id of ours and its
 * name at Gemini → `ended`.
 */
export const steps = sampleSchema.table(
  'steps',
  {
    workflow: workflow(),
    name: text('name').notNull(),
    /** Which of several: a film's scene. */
    position: integer('position').notNull().default(0),
    attempt: integer('attempt').notNull().default(1),
    status: text('status', { enum: ['planned', 'submitted', 'ended'] })
      .notNull()
      .default('planned'),
    plannedAt: time('planned_at').notNull().defaultNow(),
    /** Until then it is left to whoever planned it. */
    notBefore: time('not_before').notNull(),
    tries: integer('tries').notNull().default(0),
    jobId: text('job_id'),
    jobName: text('job_name'),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.name, table.position, table.attempt] })],
);

/** What happened, for the page. */
export const timeline = sampleSchema.table('timeline', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  workflow: workflow(),
  at: time('at').notNull().defaultNow(),
  kind: text('kind', { enum: ['sent', 'event', 'handled', 'failed', 'note'] }).notNull(),
  text: text('text').notNull(),
  /** Of an event: it is told once. */
  eventKey: text('event_key').unique(),
  /** Of an event: `deliveries` knows by which signature it came. */
  deliveryId: text('delivery_id'),
  strategy: text('strategy'),
  handler: text('handler'),
  durationMs: integer('duration_ms'),
  attempt: integer('attempt'),
  process: text('process').notNull(),
});

/** Each POST to the webhook's route. */
export const deliveries = sampleSchema.table('deliveries', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: time('at').notNull().defaultNow(),
  outcome: text('outcome', { enum: ['accepted', 'duplicate', 'refused', 'unavailable'] }).notNull(),
  status: integer('status').notNull(),
  code: text('code'),
  scheme: text('scheme', { enum: ['v1', 'v1a', 'jwt'] }),
  event: text('event'),
  workflow: uuid('workflow'),
  /** The `webhook-id`, of a delivery that was believed. */
  deliveryId: text('delivery_id'),
  /** Of two deliveries of one event one is accepted. */
  eventKey: text('event_key'),
  process: text('process').notNull(),
});

export const batches = sampleSchema.table('batches', {
  workflow: workflow().primaryKey(),
  prompts: integer('prompts').notNull(),
  good: integer('good').notNull().default(0),
  failed: integer('failed').notNull().default(0),
});

/** A line of a batch's output. */
export const batchResults = sampleSchema.table(
  'batch_results',
  {
    workflow: workflow(),
    key: text('key').notNull(),
    position: integer('position').notNull(),
    text: text('text'),
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.key] })],
);

export const films = sampleSchema.table('films', {
  workflow: workflow().primaryKey(),
  /** Why no further scene is made. What was made is downloaded all the same. */
  failure: text('failure'),
  /** The file's name, once it is downloaded. */
  video: text('video'),
});

export const scenes = sampleSchema.table(
  'scenes',
  {
    workflow: workflow(),
    position: integer('position').notNull(),
    prompt: text('prompt').notNull(),
    status: text('status', { enum: ['waiting', 'running', 'done', 'failed'] })
      .notNull()
      .default('waiting'),
    softened: boolean('softened').notNull().default(false),
    /** Gemini's name of the clip, once it is made: what the next scene extends. */
    clip: text('clip'),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.position] })],
);

export const research = sampleSchema.table('research', {
  workflow: workflow().primaryKey(),
  question: text('question').notNull(),
  /** The interaction that pauses, and the call that it waits for the result of. */
  interaction: text('interaction'),
  callId: text('call_id'),
  budget: text('budget'),
  reason: text('reason'),
  /** The person's decision. */
  approved: boolean('approved'),
  report: text('report'),
});
