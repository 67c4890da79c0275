import { DatabaseSync } from "node:sqlite";

/** How to let go of it; undefined while another process holds it. A database lock, since the system takes it from a holder that dies. */
export function tryLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma locking_mode = exclusive; begin exclusive");
    return () => database.close();
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked/.test(error.message)) return undefined;
    throw error;
  }
}
