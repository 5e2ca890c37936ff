-- Room on each page for the new version of a row, so that changes of status stay heap-only updates (no index is touched).
ALTER TABLE "steps" SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
--> statement-breakpoint
ALTER TABLE "runs" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
ALTER TABLE "workers" SET (fillfactor = 50);
--> statement-breakpoint
-- step_results has no foreign key (see src/db/schema.ts): results go with their steps by this trigger, once a statement.
CREATE FUNCTION "delete_results_with_steps"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "step_results" r USING gone g WHERE r."run_id" = g."run_id" AND r."step_index" = g."step_index";
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "delete_results_with_steps" AFTER DELETE ON "steps"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "delete_results_with_steps"();
