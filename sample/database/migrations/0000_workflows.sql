CREATE TABLE "gemini_sample"."workflows" (
  "id" uuid PRIMARY KEY,
  "kind" text NOT NULL,
  "title" text NOT NULL,
  "status" text DEFAULT 'running' NOT NULL,
  "started_at" timestamptz DEFAULT now() NOT NULL,
  "ended_at" timestamptz,
  "failure" text
);
--> statement-breakpoint
CREATE INDEX ON "gemini_sample"."workflows" ("started_at");
--> statement-breakpoint
CREATE TABLE "gemini_sample"."steps" (
  "workflow" uuid NOT NULL REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "name" text NOT NULL,
  "position" integer DEFAULT 0 NOT NULL,
  "attempt" integer DEFAULT 1 NOT NULL,
  "status" text DEFAULT 'planned' NOT NULL,
  "planned_at" timestamptz DEFAULT now() NOT NULL,
  "not_before" timestamptz NOT NULL,
  "tries" integer DEFAULT 0 NOT NULL,
  "job_id" text,
  "job_name" text,
  PRIMARY KEY ("workflow", "name", "position", "attempt")
);
--> statement-breakpoint
CREATE INDEX ON "gemini_sample"."steps" ("not_before") WHERE "status" <> 'ended';
--> statement-breakpoint
CREATE TABLE "gemini_sample"."timeline" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "workflow" uuid NOT NULL REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "at" timestamptz DEFAULT clock_timestamp() NOT NULL,
  "kind" text NOT NULL,
  "text" text NOT NULL,
  "event_key" text UNIQUE,
  "delivery_id" text,
  "strategy" text,
  "handler" text,
  "duration_ms" integer,
  "attempt" integer,
  "process" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX ON "gemini_sample"."timeline" ("workflow");
--> statement-breakpoint
CREATE TABLE "gemini_sample"."deliveries" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "at" timestamptz DEFAULT clock_timestamp() NOT NULL,
  "outcome" text NOT NULL,
  "status" integer NOT NULL,
  "code" text,
  "scheme" text,
  "event" text,
  "workflow" uuid,
  "delivery_id" text,
  "process" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX ON "gemini_sample"."deliveries" ("delivery_id");
--> statement-breakpoint
CREATE TABLE "gemini_sample"."batches" (
  "workflow" uuid PRIMARY KEY REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "prompts" integer NOT NULL,
  "good" integer DEFAULT 0 NOT NULL,
  "failed" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gemini_sample"."batch_results" (
  "workflow" uuid NOT NULL REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "key" text NOT NULL,
  "position" integer NOT NULL,
  "text" text,
  "error" text,
  PRIMARY KEY ("workflow", "key")
);
--> statement-breakpoint
CREATE INDEX ON "gemini_sample"."batch_results" ("workflow", "position");
--> statement-breakpoint
CREATE TABLE "gemini_sample"."films" (
  "workflow" uuid PRIMARY KEY REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "failure" text,
  "video" text
);
--> statement-breakpoint
CREATE TABLE "gemini_sample"."scenes" (
  "workflow" uuid NOT NULL REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "position" integer NOT NULL,
  "prompt" text NOT NULL,
  "status" text DEFAULT 'waiting' NOT NULL,
  "softened" boolean DEFAULT false NOT NULL,
  "clip" text,
  PRIMARY KEY ("workflow", "position")
);
--> statement-breakpoint
CREATE TABLE "gemini_sample"."research" (
  "workflow" uuid PRIMARY KEY REFERENCES "gemini_sample"."workflows" ON DELETE CASCADE,
  "question" text NOT NULL,
  "interaction" text,
  "call_id" text,
  "budget" text,
  "reason" text,
  "approved" boolean,
  "report" text
);
