import type pg from "pg";

/**
 * Whether something like PgBouncer stands between: it makes up a process id for its clients, and each transaction may run on another
 * connection of the server's. What is said outside a transaction then holds for nobody in particular. See docs/decisions/0119.
 */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid !== (client as pg.ClientBase & { readonly processID: number | null }).processID;
}
