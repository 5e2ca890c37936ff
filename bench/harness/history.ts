import { query } from './stack.ts'

/** How much has happened before a measurement. */
export interface History {
  runs: number
  stepsPerRun: number
  workflows: number
  /** Runs that have not ended: the newest ones. */
  openRuns: number
}

/**
 * Fills a migrated, empty database with a month of runs as they are stored once they have ended: one every 26 seconds, a
 * few workflows with most of them, some failed and cancelled, with results, failed attempts, log lines and orders. Then
 * vacuums and analyses. A million steps take about half a minute.
 */
export async function loadHistory(databaseUrl: string, history: History): Promise<void> {
  await query(databaseUrl, loadSql(history))
  await query(databaseUrl, 'VACUUM ANALYZE')
}

function loadSql({ runs, stepsPerRun, workflows, openRuns }: History): string {
  return `
insert into workflows (id, name, description, latest_version)
select uuidv7(interval '-60 days' + n * interval '1 minute'), 'workflow-' || n, 'Number ' || n, 1 from generate_series(1, ${workflows}) n;

insert into workflow_versions (id, workflow_id, version, hash, definition, step_count)
select uuidv7(interval '-60 days' + row_number() over () * interval '1 minute'), id, 1, md5(name), '{}', ${stepsPerRun} from workflows;

-- One run every 26 seconds for 30 days; a few workflows have most of the runs, as it is in life.
with w as (select row_number() over (order by id) n, id from workflows),
     v as (select workflow_id, id from workflow_versions),
     r as (select g, uuidv7(g * interval '26 seconds' - ${runs} * interval '26 seconds') as id,
                  1 + floor(${workflows} * power((hashint4(g) & 1023) / 1024.0, 3))::int as n,
                  now() + (g - ${runs}) * interval '26 seconds' as at, hashint4(g + 7) & 1023 as dice
           from generate_series(1, ${runs}) g)
insert into runs (id, workflow_id, version_id, status, epoch, input, output, tags, steps_total, steps_completed, steps_failed,
                  steps_skipped, created_at, started_at, completed_at)
select r.id, w.id, v.id,
       (case when g > ${runs - openRuns} then (array['queued', 'running', 'running', 'paused'])[1 + g % 4]
             when dice < 30 then 'failed' when dice < 35 then 'cancelled' else 'completed' end)::run_status,
       1, '{"customer": "somebody"}', case when dice >= 35 then '{"done": true}'::json end,
       case when dice % 3 = 0 then array['region-' || dice % 7, 'customer-' || g % 5000] else '{}' end, ${stepsPerRun},
       case when g <= ${runs - openRuns} then ${stepsPerRun} - (dice < 35)::int * 5 end,
       case when g <= ${runs - openRuns} then (dice < 30)::int end, case when g <= ${runs - openRuns} then 0 end,
       at, at + interval '20 ms', case when g <= ${runs - openRuns} then at + interval '9 s' end
from r join w on w.n = r.n join v on v.workflow_id = w.id;

insert into steps (run_id, step_index, step_id, status, attempt, started_at, completed_at, output_bytes)
select r.id, i, 'step_' || i,
       (case when r.completed_at is not null then 'completed' when i < 3 then 'completed' when i = 3 then 'running' else 'pending' end)::step_status,
       1, r.created_at + i * interval '1 s', case when r.completed_at is not null or i < 3 then r.created_at + i * interval '1 s' end, 15
from runs r, generate_series(0, ${stepsPerRun - 1}) i;

insert into step_results (run_id, step_index, output) select run_id, step_index, '{"step": "done"}' from steps where status = 'completed';

insert into step_attempts (run_id, step_index, attempt, status, started_at, completed_at, error)
select run_id, step_index, a, 'failed', started_at, started_at, '{"message": "once"}'
from steps, generate_series(1, 2) a where hashtext(run_id::text || step_index) % 20 = 0;

insert into step_logs (run_id, step_index, attempt, at, level, message)
select run_id, step_index, 1, started_at, 'info', 'a line of the step' from steps where step_index < 5;

insert into orders (id, amount, status)
select uuidv7((n - ${runs}) * interval '26 seconds'), 10, (array['pending', 'shipped', 'shipped', 'refunded'])[1 + n % 4]::order_status
from generate_series(1, ${runs}) n;
insert into order_history (order_id, status) select id, 'pending' from orders`
}
