import type pg from "pg";

const MAX_MS = 5_000;

/**
 * Whether something like PgBouncer stands between: it makes up a process id for its clients, and each transaction may run on another
 * connection of the server's. What is said outside a transaction then holds for nobody in particular. See docs/decisions/0119.
 */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const asked = { text: "select pg_backend_pid() as pid", query_timeout: MAX_MS };
  const { rows } = await client.query<{ pid: number }>(asked);
  return rows[0]?.pid !== (client as pg.ClientBase & { readonly processID: number | null }).processID;
}
