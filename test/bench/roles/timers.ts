// Timers of deliveries that the log has: all are due at once.
import { SourceId, SubmissionId } from "#domain/ids.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Yard } from "#platform/yard.ts";
import { dataIn, routeIn } from "../../leads/yard.ts";
import { type Serials, SOURCE, submissionOf } from "../pipeline/submissions.ts";

const AT_ONCE = 200;
const source = SourceId.parse(SOURCE);

/** Tells how many. Their deliveries have ended, so their partners do nothing about the mail. */
export async function addTimers(
  { eventStore, database }: Pick<Yard, "eventStore" | "database">,
  { from, many }: Serials,
): Promise<number> {
  for (let first = from; first < from + many; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, from + many - first);
    const rows = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const id = deterministicUuid("submission", source, submissionOf(first + n).key);
        const history = await eventStore().readStream(submissionStream(SubmissionId.parse(id)));
        const { submission_id } = dataIn(history, "SubmissionRouted");
        const { delivery_id, partner } = routeIn(history);
        return { delivery_id, submission_id, partner };
      }),
    );
    await database().query(
      `insert into timers.timer (delivery_id, submission_id, partner, due_at, position)
       select delivery_id, submission_id, partner, now() - interval '1 second', 1
         from json_to_recordset($1::json) as row(delivery_id uuid, submission_id uuid, partner text)`,
      [JSON.stringify(rows)],
    );
  }
  return many;
}
