CREATE TYPE "public"."control" AS ENUM('pause', 'resume', 'cancel', 'retry');--> statement-breakpoint
CREATE TABLE "run_controls" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"control" "control" NOT NULL,
	"with_parent" boolean NOT NULL,
	"from_step" text,
	"at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "run_controls" ADD CONSTRAINT "run_controls_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "run_controls_run" ON "run_controls" USING btree ("run_id","id");