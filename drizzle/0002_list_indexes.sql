DROP INDEX "orders_status";--> statement-breakpoint
DROP INDEX "runs_workflow";--> statement-breakpoint
DROP INDEX "runs_status";--> statement-breakpoint
CREATE INDEX "runs_ended" ON "runs" USING btree ("completed_at") WHERE completed_at is not null;--> statement-breakpoint
CREATE INDEX "orders_status" ON "orders" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "runs_workflow" ON "runs" USING btree ("workflow_id","id");--> statement-breakpoint
CREATE INDEX "runs_status" ON "runs" USING btree ("status","id");