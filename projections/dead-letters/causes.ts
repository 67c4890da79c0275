// How many dead letters there are of each cause: counted as they come and go, so that telling it looks at no dead letter.
import { columnOf } from "../column.ts";
import type { Target } from "../projection.ts";

interface Counted {
  readonly stage: string;
  readonly partner: string | null;
  readonly shown_cause: string;
}

/** What an index takes of a reason that names many. */
const MAX_CAUSE = 200;

/** As people see it: what broke a call whose outcome nobody knows is a detail. */
export const causeOf = ({
  in_doubt,
  reason,
}: {
  readonly in_doubt: boolean;
  readonly reason: string;
}): string => (in_doubt ? "outcome_unknown" : [...reason].slice(0, MAX_CAUSE).join(""));

/** `before` counts no more, `after` does. */
export async function recount(
  { schema, execute }: Target,
  before: readonly Counted[],
  after: readonly Counted[],
): Promise<void> {
  const changes = new Map<string, number>();
  const count = (by: number) => (row: Counted) => {
    const key = JSON.stringify([row.stage, row.partner ?? "", row.shown_cause]);
    changes.set(key, (changes.get(key) ?? 0) + by);
  };
  before.forEach(count(-1));
  after.forEach(count(1));
  const rows = [...changes]
    .filter(([, by]) => by !== 0)
    .map(([key, by]) => [...(JSON.parse(key) as [string, string, string]), by] as const);
  if (rows.length === 0) return;
  const texts = (n: 0 | 1 | 2): string =>
    columnOf(
      rows.map((row) => row[n]),
      "text",
    );
  const counts = columnOf(
    rows.map((row) => row[3]),
    "bigint",
  );
  await execute(
    `insert into ${schema}.cause (stage, partner, cause, count)
       select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
     on conflict (stage, partner, cause) do update set count = cause.count + excluded.count`,
    [texts(0), texts(1), texts(2), counts],
  );
  // A model that is built anew has none either of what is gone.
  await execute(`delete from ${schema}.cause where count = 0`, []);
}
