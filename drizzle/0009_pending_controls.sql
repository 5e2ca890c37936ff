CREATE TABLE "pending_controls" (
	"control" "control" NOT NULL,
	"run_id" uuid NOT NULL,
	"asked_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pending_controls_control_run_id_pk" PRIMARY KEY("control","run_id")
);
