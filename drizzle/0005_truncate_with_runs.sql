-- What TRUNCATE ... CASCADE does for tables with foreign keys: steps and results have none (docs/decisions/0013, 0025).
CREATE FUNCTION "truncate_steps_with_runs"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE "steps" CASCADE;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "truncate_steps_with_runs" AFTER TRUNCATE ON "runs"
FOR EACH STATEMENT EXECUTE FUNCTION "truncate_steps_with_runs"();
--> statement-breakpoint
CREATE FUNCTION "truncate_results_with_steps"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE "step_results";
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "truncate_results_with_steps" AFTER TRUNCATE ON "steps"
FOR EACH STATEMENT EXECUTE FUNCTION "truncate_results_with_steps"();
