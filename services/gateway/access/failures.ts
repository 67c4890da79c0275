// Five wrong passwords lock a name for a minute, also where nobody has that name. An attempt is counted before the password is checked, so that
// many at once are no way around; the right password takes the count back, and so does one that was not checked.
import type { Queryable } from "#platform/database.ts";
import { Refused, refusal } from "../refusal.ts";

const MAX_FAILURES = 5;
const LOCK_S = 60;

interface Attempt {
  readonly failures: number;
  readonly locked_for: number | null;
}

/** Throws where the name is locked. Whether this is the last attempt before it is. */
export async function countAttempt(database: Queryable, key: string): Promise<{ readonly isLast: boolean }> {
  const [attempt] = await database.query<Attempt>(
    `insert into access.sign_in_failures as f (name_key, failures, last_at) values ($1, 1, now())
     on conflict (name_key) do update set
       failures = case when coalesce(f.locked_until, f.last_at + interval '15 minutes') <= now() then 1
                       else f.failures + 1 end,
       locked_until = case when f.locked_until > now() then f.locked_until
                           when f.locked_until is null and f.last_at > now() - interval '15 minutes'
                                and f.failures >= $2 then now() + $3 * interval '1 s' end,
       last_at = now()
     returning failures, ceil(extract(epoch from locked_until - now()))::integer as locked_for`,
    [key, MAX_FAILURES, LOCK_S],
  );
  if (attempt === undefined) throw new Error("an attempt to sign in was not counted");
  if (attempt.locked_for !== null) throw new Refused(locked(attempt.locked_for));
  return { isLast: attempt.failures >= MAX_FAILURES };
}

/** What was counted before and could not be checked was no failure, nor anything else. */
export async function checkCounted<T>(database: Queryable, key: string, check: Promise<T>): Promise<T> {
  try {
    return await check;
  } catch (error) {
    const takeBack =
      "update access.sign_in_failures set failures = greatest(failures - 1, 0) where name_key = $1";
    await database.execute(takeBack, [key]);
    throw error;
  }
}

export async function lockName(database: Queryable, key: string): Promise<void> {
  await database.execute("delete from access.sign_in_failures where last_at < now() - interval '1 hour'");
  await database.execute(
    "update access.sign_in_failures set locked_until = now() + $2 * interval '1 s' where name_key = $1",
    [key, LOCK_S],
  );
}

export const forgetFailures = async (database: Queryable, key: string): Promise<void> =>
  void (await database.execute("delete from access.sign_in_failures where name_key = $1", [key]));

const locked = (seconds: number) =>
  refusal("rate_limited", {
    detail: `After ${MAX_FAILURES} wrong passwords nobody can sign in by this name for a minute; try again after retry-after`,
    retryAfterS: Math.max(1, seconds),
  });
