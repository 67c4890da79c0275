// What the stream tells of the read models: those that have moved since they were looked at last.
import type { ProgressQueries } from "#projections/progress.ts";

/** The text carries no id: what they say is said again when it changes, and never replayed. */
export function toldProjections({ list }: Pick<ProgressQueries, "list">): () => Promise<string> {
  const told = new Map<string, string>();
  return async () => {
    let text = "";
    for (const { name, position, lag, rebuilding } of await list()) {
      const data = JSON.stringify({ name, position, lag, ...(rebuilding && { rebuilding }) });
      if (told.get(name) !== data) text += `event: projection\ndata: ${data}\n\n`;
      told.set(name, data);
    }
    return text;
  };
}
