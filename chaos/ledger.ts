import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Ends the keys of reruns; the checker knows it by itself. */
export const RERUN = '-again'

/** A run that the load asked for, or several with one request. */
export interface AcceptedRun {
  /** Its idempotency key, and its tag; of a rerun, the tag of the run that it repeats, with {@link RERUN}. */
  key: string
  /** How many runs were asked for with the key, as a batch; mostly one. */
  size: number
  /** What the answers named; empty where none came. */
  ids: string[]
  /** What it must end as. */
  ends: string
  /** What its order must end as; null: it has none, or may be left anywhere. */
  order: string | null
  /** Whether it stands still for a while because somebody wants it to. */
  isHeld: boolean
}

/** A control that an operator asked for. */
export interface AskedControl {
  runId: string
  control: string
  /** The step that a retry repeats the run from; null: none was named. */
  from: string | null
  /** How often it was sent. */
  tries: number
  /** How often the answer was that it counts, or did before. */
  counted: number
}

/** An event that was sent, and accepted. */
export interface SentEvent {
  id: string
  runId: string
}

/** Asks Postgres; the rows of one statement. */
export type Ask = <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>

/** Our own way to Postgres, past the proxies. */
export interface Ledger {
  readonly ask: Ask
  close(): Promise<void>
}

/** The tables of the experiment: what the actions do, what the load was told, and what must never be taken back. */
const TABLES = `
CREATE SCHEMA chaos;
CREATE TABLE chaos.effects (run_id uuid NOT NULL, step_id text NOT NULL, attempt int NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON chaos.effects (run_id, step_id);
CREATE TABLE chaos.calls (receipt text NOT NULL, idempotency_key text NOT NULL, run_id uuid NOT NULL, step_id text NOT NULL,
  attempt int NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON chaos.calls (run_id, step_id);
CREATE TABLE chaos.requests (key text PRIMARY KEY, ids uuid[] NOT NULL, ends text NOT NULL, order_status text, is_held bool NOT NULL,
  size int NOT NULL);
CREATE TABLE chaos.controls (run_id uuid NOT NULL, control text NOT NULL, from_step text, tries int NOT NULL, counted int NOT NULL);
CREATE TABLE chaos.sent_events (id uuid PRIMARY KEY, run_id uuid NOT NULL);
CREATE TABLE chaos.faults (place int PRIMARY KEY, kind text NOT NULL, at timestamptz NOT NULL);
-- Of a step also which attempt had settled it, and when; items that are dropped became 'dropped'.
CREATE TABLE chaos.revoked (run_id uuid NOT NULL, step_id text, was text NOT NULL, became text NOT NULL,
  attempt int, completed_at timestamptz,
  at timestamptz NOT NULL DEFAULT clock_timestamp(), tx xid8 NOT NULL DEFAULT pg_current_xact_id());
CREATE INDEX ON chaos.revoked (run_id, step_id);
CREATE TABLE chaos.turns (run_id uuid NOT NULL, was text NOT NULL, became text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE FUNCTION chaos.revoke_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO chaos.revoked (run_id, step_id, was, became, attempt, completed_at)
  VALUES (OLD.run_id, OLD.step_id, OLD.status, COALESCE(NEW.status::text, 'dropped'), OLD.attempt, OLD.completed_at); RETURN NULL; END $$;
CREATE TRIGGER chaos_revoked AFTER UPDATE ON steps FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'failed', 'skipped', 'cancelled')
    AND (NEW.status, NEW.attempt, NEW.completed_at) IS DISTINCT FROM (OLD.status, OLD.attempt, OLD.completed_at))
  EXECUTE FUNCTION chaos.revoke_step();
CREATE TRIGGER chaos_dropped AFTER DELETE ON steps FOR EACH ROW EXECUTE FUNCTION chaos.revoke_step();

CREATE FUNCTION chaos.revoke_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO chaos.revoked (run_id, was, became) VALUES (OLD.id, OLD.status, NEW.status); RETURN NULL; END $$;
CREATE TRIGGER chaos_revoked AFTER UPDATE ON runs FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'failed', 'cancelled') AND NEW.status IS DISTINCT FROM OLD.status)
  EXECUTE FUNCTION chaos.revoke_run();

-- What operators do to runs: written down with the commit, so that nothing that knew of it is earlier.
CREATE FUNCTION chaos.turn_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO chaos.turns (run_id, was, became) VALUES (OLD.id, OLD.status, NEW.status); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER chaos_turned AFTER UPDATE ON runs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.status IS DISTINCT FROM OLD.status
    AND (NEW.status IN ('paused', 'cancelling') OR OLD.status IN ('paused', 'completed', 'failed', 'cancelled')))
  EXECUTE FUNCTION chaos.turn_run();
`

/** Makes the tables of the experiment, once the service's own are there. */
export async function createLedger(ask: Ask): Promise<void> {
  await ask(TABLES)
}

/** What the load asked for and was told. */
export interface Asked {
  runs: readonly AcceptedRun[]
  controls: readonly AskedControl[]
  events: readonly SentEvent[]
}

/** Writes down what the load asked for and was told. */
export async function noteRequests(ask: Ask, { runs, controls, events }: Asked): Promise<void> {
  await ask(
    `INSERT INTO chaos.requests SELECT q.key, q.ids, q.ends, q."order", q."isHeld", q.size
     FROM json_to_recordset($1) AS q(key text, ids uuid[], ends text, "order" text, "isHeld" bool, size int)`,
    [JSON.stringify(runs)],
  )
  await ask(
    `INSERT INTO chaos.controls SELECT c."runId", c.control, c."from", c.tries, c.counted
     FROM json_to_recordset($1) AS c("runId" uuid, control text, "from" text, tries int, counted int)`,
    [JSON.stringify(controls)],
  )
  await ask(
    `INSERT INTO chaos.sent_events SELECT e.id, e."runId" FROM json_to_recordset($1) AS e(id uuid, "runId" uuid)`,
    [JSON.stringify(events)],
  )
}

/** Writes down when each fault began. */
export async function noteFaults(ask: Ask, faults: readonly { kind: string; beganAt: number }[]): Promise<void> {
  await ask(
    `INSERT INTO chaos.faults SELECT f.place, f.kind, to_timestamp(f.at_ms / 1000)
     FROM json_to_recordset($1) AS f(place int, kind text, at_ms float8)`,
    [JSON.stringify(faults.map(({ kind, beganAt }, place) => ({ place, kind, at_ms: beganAt })))],
  )
}

const RETRY_PAUSE_MS = 100
const STATEMENT_WITHIN_MS = 60_000

/** Connects; a statement that Postgres could not take, since it was just being restarted, is sent again. */
export function openLedger(url: string, signal: AbortSignal): Ledger {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    application_name: 'chaos',
    // Of what a part of a statement returns Postgres knows no number, and would look in all of it for one row after the other.
    options: '-c enable_nestloop=off',
    statement_timeout: STATEMENT_WITHIN_MS,
  })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const isAway = (error: unknown) => {
    const { code = '' } = error as { code?: string }
    return code === '' || code.startsWith('57P') || code.startsWith('08') || code.startsWith('E')
  }
  return {
    async ask<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
      for (;;) {
        signal.throwIfAborted()
        try {
          return (await pool.query<Row>(text, values)).rows
        } catch (error) {
          if (!isAway(error)) throw error
          await sleep(RETRY_PAUSE_MS, undefined, { signal })
        }
      }
    },
    close: () => pool.end(),
  }
}
