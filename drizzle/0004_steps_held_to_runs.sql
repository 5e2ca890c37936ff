ALTER TABLE "steps" DROP CONSTRAINT "steps_run_id_runs_id_fk";
--> statement-breakpoint
-- What the foreign key promised, asked once a statement instead of once a row (docs/decisions/0025). The lock is the foreign
-- key's: whoever deletes the run waits until the rows are there to be deleted with it.
CREATE FUNCTION "require_runs_of_steps"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  missing uuid;
BEGIN
  SELECT a."run_id" INTO missing FROM (SELECT DISTINCT "run_id" FROM added) a
  WHERE NOT EXISTS (SELECT FROM "runs" r WHERE r."id" = a."run_id" FOR KEY SHARE);
  IF FOUND THEN
    RAISE foreign_key_violation USING MESSAGE = format('run %s of these steps does not exist', missing);
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "require_runs_of_steps" AFTER INSERT ON "steps"
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "require_runs_of_steps"();
--> statement-breakpoint
CREATE FUNCTION "delete_steps_with_runs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "steps" s USING gone g WHERE s."run_id" = g."id";
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "delete_steps_with_runs" AFTER DELETE ON "runs"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "delete_steps_with_runs"();
