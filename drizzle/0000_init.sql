CREATE TYPE "public"."action_kind" AS ENUM('action', 'transaction');--> statement-breakpoint
CREATE TYPE "public"."attempt_status" AS ENUM('running', 'completed', 'failed', 'lost', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."log_level" AS ENUM('debug', 'info', 'warn', 'error');--> statement-breakpoint
CREATE TYPE "public"."order_status" AS ENUM('pending', 'validated', 'charged', 'shipped', 'refunded', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."run_status" AS ENUM('queued', 'running', 'waiting', 'paused', 'cancelling', 'completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."step_status" AS ENUM('pending', 'running', 'retrying', 'waiting', 'completed', 'failed', 'skipped', 'cancelled');--> statement-breakpoint
CREATE TABLE "actions" (
	"name" text PRIMARY KEY NOT NULL,
	"kind" "action_kind" NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"input_schema" json NOT NULL,
	"output_schema" json NOT NULL,
	"built_in" boolean NOT NULL,
	"last_seen_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"run_id" uuid NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "order_history" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"status" "order_status" NOT NULL,
	"at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"run_id" uuid,
	"step_id" text
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"amount" numeric(14, 2) NOT NULL,
	"currency" text DEFAULT 'USD' NOT NULL,
	"reference" text,
	"status" "order_status" DEFAULT 'pending' NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "orders_amount_positive" CHECK ("orders"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "queue_state" (
	"prefix" text PRIMARY KEY NOT NULL,
	"token" uuid NOT NULL,
	"backend" text NOT NULL,
	"server_run_id" text,
	"seen_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workflow_id" uuid NOT NULL,
	"version_id" uuid NOT NULL,
	"status" "run_status" DEFAULT 'queued' NOT NULL,
	"epoch" integer DEFAULT 0 NOT NULL,
	"queue_token" uuid,
	"halted_by" text,
	"input" json,
	"context" json,
	"output" json,
	"error" json,
	"order_id" uuid,
	"parent_run_id" uuid,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"priority" smallint,
	"start_at" timestamp (6) with time zone,
	"steps_total" integer NOT NULL,
	"steps_completed" integer,
	"steps_failed" integer,
	"steps_skipped" integer,
	"created_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"started_at" timestamp (6) with time zone,
	"completed_at" timestamp (6) with time zone,
	CONSTRAINT "runs_priority_range" CHECK ("runs"."priority" between 0 and 9),
	CONSTRAINT "runs_epoch_range" CHECK ("runs"."epoch" >= 0),
	CONSTRAINT "runs_completed_at_iff_finished" CHECK (("runs"."completed_at" is not null) = ("runs"."status" in ('completed', 'failed', 'cancelled')))
);
--> statement-breakpoint
CREATE TABLE "step_attempts" (
	"run_id" uuid NOT NULL,
	"step_index" integer NOT NULL,
	"attempt" integer NOT NULL,
	"status" "attempt_status" NOT NULL,
	"worker_id" uuid,
	"started_at" timestamp (6) with time zone NOT NULL,
	"completed_at" timestamp (6) with time zone NOT NULL,
	"error" json,
	"retry_at" timestamp (6) with time zone,
	CONSTRAINT "step_attempts_run_id_step_index_attempt_pk" PRIMARY KEY("run_id","step_index","attempt")
);
--> statement-breakpoint
CREATE TABLE "step_logs" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"step_index" integer NOT NULL,
	"attempt" integer NOT NULL,
	"at" timestamp (6) with time zone NOT NULL,
	"level" "log_level" NOT NULL,
	"message" text NOT NULL,
	"data" json
);
--> statement-breakpoint
CREATE TABLE "step_results" (
	"run_id" uuid NOT NULL,
	"step_index" integer NOT NULL,
	"output" json,
	"created_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "step_results_idempotency_key" PRIMARY KEY("run_id","step_index")
);
--> statement-breakpoint
CREATE TABLE "steps" (
	"run_id" uuid NOT NULL,
	"step_index" integer NOT NULL,
	"step_id" text NOT NULL,
	"status" "step_status" DEFAULT 'pending' NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"worker_id" uuid,
	"started_at" timestamp (6) with time zone,
	"completed_at" timestamp (6) with time zone,
	"retry_at" timestamp (6) with time zone,
	"branch" text,
	"reason" text,
	"error" json,
	"output_bytes" integer,
	CONSTRAINT "steps_run_id_step_index_pk" PRIMARY KEY("run_id","step_index"),
	CONSTRAINT "steps_completed_at_iff_settled" CHECK (("steps"."completed_at" is not null) = ("steps"."status" in ('completed', 'failed', 'skipped', 'cancelled')))
);
--> statement-breakpoint
CREATE TABLE "worker_actions" (
	"worker_id" uuid NOT NULL,
	"action" text NOT NULL,
	CONSTRAINT "worker_actions_worker_id_action_pk" PRIMARY KEY("worker_id","action")
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"hostname" text NOT NULL,
	"pid" integer NOT NULL,
	"queues" text[] NOT NULL,
	"concurrency" integer NOT NULL,
	"started_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"stopped_at" timestamp (6) with time zone
);
--> statement-breakpoint
CREATE TABLE "workflow_versions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workflow_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"hash" text NOT NULL,
	"definition" json NOT NULL,
	"step_count" integer NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workflow_versions_workflow_version" UNIQUE("workflow_id","version")
);
--> statement-breakpoint
CREATE TABLE "workflows" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"latest_version" integer NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp (6) with time zone,
	CONSTRAINT "workflows_name_unique" UNIQUE("name"),
	CONSTRAINT "workflows_version_positive" CHECK ("workflows"."latest_version" >= 1)
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_history" ADD CONSTRAINT "order_history_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_version_id_workflow_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."workflow_versions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "step_attempts" ADD CONSTRAINT "step_attempts_run_id_step_index_steps_run_id_step_index_fk" FOREIGN KEY ("run_id","step_index") REFERENCES "public"."steps"("run_id","step_index") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "step_logs" ADD CONSTRAINT "step_logs_run_id_step_index_steps_run_id_step_index_fk" FOREIGN KEY ("run_id","step_index") REFERENCES "public"."steps"("run_id","step_index") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "steps" ADD CONSTRAINT "steps_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "worker_actions" ADD CONSTRAINT "worker_actions_worker_id_workers_id_fk" FOREIGN KEY ("worker_id") REFERENCES "public"."workers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "worker_actions" ADD CONSTRAINT "worker_actions_action_actions_name_fk" FOREIGN KEY ("action") REFERENCES "public"."actions"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_run" ON "idempotency_keys" USING btree ("run_id");--> statement-breakpoint
CREATE UNIQUE INDEX "order_history_once" ON "order_history" USING btree ("order_id","status");--> statement-breakpoint
CREATE INDEX "orders_status" ON "orders" USING btree ("status","id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "runs_workflow" ON "runs" USING btree ("workflow_id","id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "runs_status" ON "runs" USING btree ("status","id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "runs_created" ON "runs" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "runs_tags" ON "runs" USING gin ("tags");--> statement-breakpoint
CREATE INDEX "runs_order" ON "runs" USING btree ("order_id") WHERE order_id is not null;--> statement-breakpoint
CREATE INDEX "runs_unfinished" ON "runs" USING btree ("id") WHERE status not in ('completed', 'failed', 'cancelled');--> statement-breakpoint
CREATE INDEX "step_logs_run" ON "step_logs" USING btree ("run_id","id");--> statement-breakpoint
CREATE INDEX "worker_actions_action" ON "worker_actions" USING btree ("action");--> statement-breakpoint
CREATE INDEX "workers_heartbeat" ON "workers" USING btree ("heartbeat_at");