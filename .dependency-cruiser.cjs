/**
 * The layers of docs/architecture.md, type-only imports too. Each folder names what it may import of ours; anything else
 * is refused.
 */
const TEST = '\\.test\\.ts$'
const PLAIN = '^src/(errors|log|package-root|postgres-session|timeout)\\.ts$'

/** `folder` may import, of our own files, only itself and `allowed`. */
const layer = (name, folder, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: folder, pathNot: TEST },
  to: { path: '^(src|workers|dashboard|test|bench|chaos|scripts)/', pathNot: [folder, ...allowed] },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'A package that is imported is installed.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment:
        'A package that is imported stands in package.json; what runs in production is no development dependency.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-dev', 'npm-unknown'] },
    },
    layer('workflow', '^src/workflow/', [], 'The core is pure: it imports nothing of ours.'),
    {
      name: 'workflow-without-io',
      comment: 'No clock, no randomness, no files: they come in as arguments.',
      severity: 'error',
      from: { path: '^src/workflow/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflow-libraries',
      comment: 'Only libraries that are pure too.',
      severity: 'error',
      from: { path: '^src/workflow/', pathNot: TEST },
      to: {
        dependencyTypes: ['npm'],
        pathNot:
          '^node_modules/(zod|@bufbuild/cel|@bufbuild/cel-spec|@bufbuild/protobuf|ajv|ajv-formats|fastest-levenshtein|croner|lru-cache|yaml)/',
      },
    },
    layer('errors', '^src/errors\\.ts$', [], 'Everything may fail, so this imports nothing.'),
    layer('log', '^src/log\\.ts$', ['^src/errors\\.ts$'], 'Plain.'),
    layer('config', '^src/config\\.ts$', [PLAIN, '^src/workflow/'], 'Plain.'),
    layer('lifecycle', '^src/lifecycle\\.ts$', [PLAIN], 'Plain.'),
    layer('db', '^src/db/', [PLAIN, '^src/workflow/'], 'The stores are siblings that never import each other.'),
    layer('queue', '^src/queue/', [PLAIN, '^src/workflow/'], 'The stores are siblings that never import each other.'),
    layer(
      'engine',
      '^src/engine/',
      [PLAIN, '^src/(workflow|db|queue)/'],
      'Only the engine knows both stores, and only it changes state.',
    ),
    layer('api', '^src/api/', [PLAIN, '^src/(workflow|db|engine)/'], 'Engine to write, db to read.'),
    layer(
      'dashboard',
      '^dashboard/',
      ['^src/workflow/', '^src/api/schemas/'],
      'Another program, in browsers: of ours it knows the shapes of the API, and what is pure.',
    ),
    {
      name: 'dashboard-shapes',
      comment: 'Of the API only types: its code runs on a server.',
      severity: 'error',
      from: { path: '^dashboard/' },
      to: { path: '^src/api/', dependencyTypesNot: ['type-only'] },
    },
    layer(
      'dev',
      '^src/dev/',
      [PLAIN, '^src/(config|lifecycle)\\.ts$'],
      'Starts things, and knows nothing of what they do.',
    ),
    layer(
      'actions',
      '^workers/actions/',
      ['^workers/action\\.ts$'],
      'An action sees its context and nothing else; so could one of a user.',
    ),
    layer(
      'chaos-checker',
      '^chaos/(checker|rules-of-[a-z]+)\\.ts$',
      ['^chaos/rules-of-[a-z]+\\.ts$'],
      'It judges the engine, so it has nothing from it: SQL only.',
    ),
    layer(
      'chaos-actions',
      '^chaos/actions/',
      ['^workers/action\\.ts$'],
      'An action sees its context and nothing else; so could one of a user.',
    ),
    {
      name: 'config-in-mains',
      comment: 'The main files read the configuration; others get the slice they need.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: [TEST, '^(src|workers)/main\\.ts$', '^src/dev/', '^src/config\\.ts$'] },
      to: { path: '^src/config\\.ts$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    // The peers of the benchmark are a package of their own, which need not be installed.
    exclude: { path: '^(dist|bench/peers)' },
  },
}
