import type { TestDatabase } from '../support/test-database.ts'

/**
 * What the tables of the product do not keep: each change of a step and of a run, in order, as triggers of the test's own
 * see it; what the operators asked for and were answered; and when an action was executed.
 */
export async function createAudit(database: TestDatabase): Promise<void> {
  await database.query(AUDIT)
}

const AUDIT = `
CREATE SEQUENCE audit_seq;

CREATE TABLE audit_steps (
  seq bigint PRIMARY KEY DEFAULT nextval('audit_seq'), at timestamptz NOT NULL DEFAULT clock_timestamp(), tx bigint NOT NULL,
  run_id uuid NOT NULL, step_index int NOT NULL, step_id text NOT NULL, parent_index int, item_index int,
  old_status text, status text, old_attempt int, attempt int, worker_id uuid, started_at timestamptz);
CREATE INDEX ON audit_steps (run_id, step_index, seq);

CREATE TABLE audit_runs (
  seq bigint PRIMARY KEY DEFAULT nextval('audit_seq'), at timestamptz NOT NULL DEFAULT clock_timestamp(), tx bigint NOT NULL,
  run_id uuid NOT NULL, old_status text, status text NOT NULL, old_epoch int, epoch int NOT NULL);
CREATE INDEX ON audit_runs (run_id, seq);

CREATE FUNCTION audit_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO audit_steps (tx, run_id, step_index, step_id, parent_index, item_index, old_status, old_attempt)
    VALUES (txid_current(), OLD.run_id, OLD.step_index, OLD.step_id, OLD.parent_index, OLD.item_index, OLD.status, OLD.attempt);
    RETURN NULL;
  END IF;
  INSERT INTO audit_steps (tx, run_id, step_index, step_id, parent_index, item_index, old_status, status, old_attempt, attempt, worker_id, started_at)
  SELECT txid_current(), NEW.run_id, NEW.step_index, NEW.step_id, NEW.parent_index, NEW.item_index,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, CASE WHEN TG_OP = 'UPDATE' THEN OLD.attempt END, NEW.attempt, NEW.worker_id, NEW.started_at
  WHERE TG_OP = 'INSERT' OR (OLD.status, OLD.attempt) IS DISTINCT FROM (NEW.status, NEW.attempt);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON steps FOR EACH ROW EXECUTE FUNCTION audit_step();

CREATE FUNCTION audit_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_runs (tx, run_id, old_status, status, old_epoch, epoch)
  SELECT txid_current(), NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.epoch END, NEW.epoch
  WHERE TG_OP = 'INSERT' OR (OLD.status, OLD.epoch) IS DISTINCT FROM (NEW.status, NEW.epoch);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION audit_run();

CREATE TABLE controls (
  id bigserial PRIMARY KEY, tag text NOT NULL, run_id uuid, kind text NOT NULL, sent_at timestamptz NOT NULL,
  answered_at timestamptz NOT NULL, status int NOT NULL);
CREATE INDEX ON controls (tag);

CREATE TABLE executions (
  id bigserial PRIMARY KEY, run_id uuid NOT NULL, step_id text NOT NULL, attempt int NOT NULL, pid int NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz);
CREATE INDEX ON executions (run_id);

CREATE TABLE kills (pid int NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE VIEW defined_steps AS
SELECT v.id AS version_id, (s.ord - 1)::int AS step_index, s.step ->> 'id' AS step_id, COALESCE(s.step ->> 'type', 'task') AS type,
  s.step -> 'config' AS config, s.step ->> 'on_error' AS on_error, s.step -> 'depends_on' AS depends_on, s.step -> 'compensate' AS compensate
FROM workflow_versions v, json_array_elements(v.definition -> 'steps') WITH ORDINALITY AS s(step, ord);

CREATE VIEW edges AS
SELECT d.version_id, d.step_index, p.step_index AS dependency
FROM defined_steps d
CROSS JOIN json_array_elements(d.depends_on) AS e(edge)
JOIN defined_steps p ON p.version_id = d.version_id AND p.step_id = COALESCE(e.edge ->> 'step', e.edge #>> '{}');
`
