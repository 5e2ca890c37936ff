CREATE TYPE "public"."approval_status" AS ENUM('open', 'approved', 'rejected', 'expired', 'void');--> statement-breakpoint
CREATE TYPE "public"."compensation_status" AS ENUM('running', 'completed', 'failed');--> statement-breakpoint
CREATE TABLE "approval_decisions" (
	"approval_id" uuid NOT NULL,
	"decided_by" text DEFAULT '' NOT NULL,
	"approved" boolean NOT NULL,
	"comment" text,
	"data" json,
	"at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "approval_decisions_approval_id_decided_by_pk" PRIMARY KEY("approval_id","decided_by")
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"step_index" integer NOT NULL,
	"step_id" text NOT NULL,
	"status" "approval_status" DEFAULT 'open' NOT NULL,
	"message" json,
	"input" json,
	"input_hash" text NOT NULL,
	"approvers" text[],
	"quorum" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp (6) with time zone,
	"decided_at" timestamp (6) with time zone,
	CONSTRAINT "approvals_quorum_positive" CHECK ("approvals"."quorum" >= 1)
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"name" text NOT NULL,
	"data" json,
	"created_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"step_index" integer,
	"taken_at" timestamp (6) with time zone
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workflow_id" uuid NOT NULL,
	"cron" text NOT NULL,
	"timezone" text DEFAULT 'UTC' NOT NULL,
	"input" json,
	"overlap" text DEFAULT 'skip' NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"trigger_index" integer,
	"next_run_at" timestamp (6) with time zone,
	"last_run_at" timestamp (6) with time zone,
	"last_run_id" uuid,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedules_overlap" CHECK ("schedules"."overlap" in ('skip', 'allow'))
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workflow_id" uuid NOT NULL,
	"token" text NOT NULL,
	"secret" text NOT NULL,
	"trigger_index" integer,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (6) with time zone,
	CONSTRAINT "webhooks_token_unique" UNIQUE("token")
);
--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "parent_step_index" integer;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "depth" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "rerun_of" uuid;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "schedule_id" uuid;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "webhook_id" uuid;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "concurrency_key" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "admitted_at" timestamp (6) with time zone DEFAULT now();--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "deadline_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "stop_error" json;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "compensation" "compensation_status";--> statement-breakpoint
ALTER TABLE "steps" ADD COLUMN "parent_index" integer;--> statement-breakpoint
ALTER TABLE "steps" ADD COLUMN "item_index" integer;--> statement-breakpoint
ALTER TABLE "steps" ADD COLUMN "item" json;--> statement-breakpoint
ALTER TABLE "steps" ADD COLUMN "waiting_for" json;--> statement-breakpoint
ALTER TABLE "steps" ADD COLUMN "wake_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "approval_decisions" ADD CONSTRAINT "approval_decisions_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_run_id_step_index_steps_run_id_step_index_fk" FOREIGN KEY ("run_id","step_index") REFERENCES "public"."steps"("run_id","step_index") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedules" ADD CONSTRAINT "schedules_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approvals_step" ON "approvals" USING btree ("run_id","step_index","id");--> statement-breakpoint
CREATE INDEX "approvals_status" ON "approvals" USING btree ("status","id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_one_open" ON "approvals" USING btree ("run_id","step_index") WHERE status = 'open';--> statement-breakpoint
CREATE INDEX "events_run" ON "events" USING btree ("run_id","name","id");--> statement-breakpoint
CREATE UNIQUE INDEX "schedules_trigger" ON "schedules" USING btree ("workflow_id","trigger_index") WHERE trigger_index is not null;--> statement-breakpoint
CREATE INDEX "schedules_workflow" ON "schedules" USING btree ("workflow_id","id");--> statement-breakpoint
CREATE INDEX "schedules_due" ON "schedules" USING btree ("next_run_at") WHERE not paused;--> statement-breakpoint
CREATE UNIQUE INDEX "webhooks_trigger" ON "webhooks" USING btree ("workflow_id","trigger_index") WHERE trigger_index is not null;--> statement-breakpoint
CREATE INDEX "webhooks_workflow" ON "webhooks" USING btree ("workflow_id","id");--> statement-breakpoint
CREATE INDEX "runs_parent" ON "runs" USING btree ("parent_run_id") WHERE parent_run_id is not null;--> statement-breakpoint
CREATE INDEX "runs_slots" ON "runs" USING btree ("workflow_id","concurrency_key","id") WHERE concurrency_key is not null and status not in ('completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE INDEX "runs_held" ON "runs" USING btree ("start_at","id") WHERE admitted_at is null and status not in ('completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE INDEX "runs_deadline" ON "runs" USING btree ("deadline_at") WHERE deadline_at is not null and status not in ('completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE INDEX "runs_schedule" ON "runs" USING btree ("schedule_id","id") WHERE schedule_id is not null;--> statement-breakpoint
CREATE INDEX "steps_children" ON "steps" USING btree ("run_id","parent_index","item_index") WHERE parent_index is not null;--> statement-breakpoint
CREATE INDEX "steps_child_id" ON "steps" USING btree ("run_id","step_id") WHERE parent_index is not null;--> statement-breakpoint
CREATE INDEX "steps_parked" ON "steps" USING btree ("run_id","step_index") WHERE waiting_for is not null;--> statement-breakpoint
CREATE INDEX "steps_wake" ON "steps" USING btree ("wake_at") WHERE wake_at is not null;