import { Acknowledged } from "./acknowledged.ts";
import { CorruptLog } from "./event-log.ts";
import { openEventLog } from "./open.ts";

const PAGE = { maxCount: 2_000, maxBytes: 8 * 1024 * 1024 };

/** Opens the log of a copy that was put into place, and reads every event of it; throws CorruptLog where it does not end at `head`. */
export async function checkCopy(
  dir: string,
  head: bigint,
  onProgress: (position: bigint) => void = () => undefined,
): Promise<void> {
  const log = await openEventLog({ dir });
  try {
    if (log.head !== head)
      throw new CorruptLog(`${dir} ends at position ${log.head}, and its copy was made up to ${head}.`);
    for (let next: bigint | undefined = 1n; next !== undefined; ) {
      const page = log.readAll(next, "forwards", PAGE);
      next = page.events.length > 0 ? page.next : undefined;
      onProgress(page.events.at(-1)?.position ?? head);
      // Others have their turn: this takes a while.
      await new Promise(setImmediate);
    }
  } finally {
    await log.close();
  }
  // From its first start on, events that go missing are noticed.
  const acknowledged = new Acknowledged(dir);
  acknowledged.advance(Number(head));
  acknowledged.close();
}
