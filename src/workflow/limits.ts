/** Every limit of the product that a definition, an input or an output can meet, documented in docs/limits.md. */
export const LIMITS = {
  /** Steps of one definition. */
  steps: 10_000,
  /** Dependencies (edges) of one definition, all steps together. */
  edges: 100_000,
  /** Different `output_schema` of one definition: compiling one takes about 1.5 ms. */
  outputSchemas: 1_000,
  /** Milliseconds of CPU in which a value is checked against a schema, or the inputs of one request. */
  schemaCheckMs: 1_000,
  /** Milliseconds of CPU in which a definition is validated. */
  validationMs: 5_000,
  /** Bytes of a request body (JSON or YAML). */
  bodyBytes: 4 * 1024 * 1024,
  /** Bytes of a webhook's body. */
  webhookBodyBytes: 1024 * 1024,
  /** Bytes of a step's output, as JSON text in UTF-8. */
  outputBytes: 1024 * 1024,
  /** Nesting of objects and arrays in an input or output. */
  jsonDepth: 64,
  /** Characters of one CEL expression. */
  expressionLength: 4_096,
  /** Work of one evaluation of an expression: about the nodes evaluated plus the values looked at. */
  expressionWork: 2_000_000,
  /** Items of one `map` step. */
  mapItems: 10_000,
  /** Characters of an event's name. */
  eventName: 128,
  /** Events of one run. */
  eventsPerRun: 10_000,
  /** Runs above a run: how deep `workflow` steps may nest. */
  workflowDepth: 10,
  /** Runs of one batch request. */
  batchRuns: 1_000,
  /** Steps of all runs of one batch request, which are inserted by one statement: in about 6 s. */
  batchSteps: 1_000_000,
  /** Runs of one `POST /runs/bulk`. */
  bulkRuns: 10_000,
  /** Retries of one step (`config.max_retries`). */
  retries: 1_000,
  /** Items of one page of a list. */
  pageSize: 200,
  /** Streams that one API process serves at once. */
  streams: 20_000,
  /** Tags of one run. */
  tags: 50,
} as const
