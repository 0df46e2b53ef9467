-- What changes is told to whoever listens on 'sample_changes': which row, and of what kind. Equal messages of one
-- transaction come once.
CREATE FUNCTION "gemini_sample"."tell_workflow"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sample_changes', json_build_object('of', 'workflow', 'id', to_jsonb(NEW) ->> TG_ARGV[0])::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER INSERT OR UPDATE ON "gemini_sample"."workflows"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('id');
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER INSERT ON "gemini_sample"."timeline"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('workflow');
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER UPDATE ON "gemini_sample"."batches"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('workflow');
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER UPDATE ON "gemini_sample"."films"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('workflow');
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER UPDATE ON "gemini_sample"."scenes"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('workflow');
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER UPDATE ON "gemini_sample"."research"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_workflow"('workflow');
--> statement-breakpoint
CREATE FUNCTION "gemini_sample"."tell_delivery"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sample_changes', json_build_object('of', 'delivery', 'id', NEW."id"::text)::text);
  -- The workflow's timeline shows by which signature its event came.
  IF NEW."workflow" IS NOT NULL THEN
    PERFORM pg_notify('sample_changes', json_build_object('of', 'workflow', 'id', NEW."workflow")::text);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER INSERT ON "gemini_sample"."deliveries"
  FOR EACH ROW EXECUTE FUNCTION "gemini_sample"."tell_delivery"();
--> statement-breakpoint
CREATE FUNCTION "gemini_sample"."tell_results"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sample_changes', json_build_object('of', 'results', 'id', "workflow")::text)
    FROM (SELECT DISTINCT "workflow" FROM "stored") AS "of";
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "tell" AFTER INSERT ON "gemini_sample"."batch_results"
  REFERENCING NEW TABLE AS "stored" FOR EACH STATEMENT EXECUTE FUNCTION "gemini_sample"."tell_results"();
