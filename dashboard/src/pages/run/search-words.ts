/** What is shown of a run. */
export const VIEWS = ['graph', 'timeline', 'steps', 'events', 'io', 'logs', 'definition'] as const
/** One view of a run. */
export type View = (typeof VIEWS)[number]

/** What is shown of a step. */
export const PANEL_TABS = ['overview', 'input', 'output', 'error', 'logs', 'config'] as const
/** One tab of a step's panel. */
export type PanelTab = (typeof PANEL_TABS)[number]

/** Which steps the list shows. */
export const STEP_FILTERS = ['failed', 'running', 'retrying', 'waiting', 'pending', 'done'] as const
/** One filter of the list of steps. */
export type StepFilter = (typeof STEP_FILTERS)[number]

/** Levels of log lines, the least first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** One level of log lines. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What the history of a run is made of. */
export const HISTORY_KINDS = ['run', 'control', 'step', 'attempt', 'approval', 'event', 'order'] as const
/** One kind of entry in the history of a run. */
export type HistoryKind = (typeof HISTORY_KINDS)[number]
