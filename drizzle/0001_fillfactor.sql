-- Room on each page for the new version of a row, so that changes of status stay heap-only updates (no index is touched).
ALTER TABLE "steps" SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
--> statement-breakpoint
ALTER TABLE "runs" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
ALTER TABLE "workers" SET (fillfactor = 50);
