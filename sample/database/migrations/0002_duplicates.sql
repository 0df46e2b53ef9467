-- Of the deliveries of one event one was accepted; the inbox takes the others as well, and forgets them.
ALTER TABLE "gemini_sample"."deliveries" ADD COLUMN "event_key" text;
--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_accepted" ON "gemini_sample"."deliveries" ("event_key") WHERE "outcome" = 'accepted';
