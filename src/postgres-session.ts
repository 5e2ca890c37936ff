/**
 * Where the machine of a process disappears (no power, no network), its connections end without a word. Postgres would keep
 * their locks, and with them the leadership, for as long as the system's TCP keeps asking: two hours by default. So it
 * begins to ask after 10 s of silence, and gives a session up 15 s later.
 */
const SETTINGS = ['tcp_keepalives_idle=10', 'tcp_keepalives_interval=5', 'tcp_keepalives_count=3']

/** The `options` of a connection to Postgres: what every session is set to, and `more`. */
export function sessionOptions(more: readonly string[] = []): string {
  return [...SETTINGS, ...more].map((setting) => `-c ${setting}`).join(' ')
}
