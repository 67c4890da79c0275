// How many members are where: differences of a batch, added to what is counted.
import { type MemberStatus, memberStatuses } from "#domain/campaign/events.ts";
import type { CampaignId } from "#domain/ids.ts";
import type { Target } from "../projection.ts";
import type { MemberRow } from "./member.ts";

type StepCounts = { left_by: number; failed: number; waiting: number; working: number };

/** Neither the ids of campaigns nor those of steps have blanks. */
const keyOf = (campaign: CampaignId, of: string): string => `${campaign} ${of}`;
const partsOf = (key: string): [string, string] => key.split(" ") as [string, string];

/** Counts per campaign, and per step of a campaign. */
export class Differences {
  readonly #statuses = new Map<string, number>();
  readonly #steps = new Map<string, StepCounts>();

  /** From where it was, if it was there, to where it is. */
  moved(before: MemberRow | undefined, next: MemberRow): void {
    if (before !== undefined) this.#at(before, -1);
    this.#at(next, 1);
  }

  left(campaign: CampaignId, step: string): void {
    this.#step(campaign, step).left_by += 1;
  }

  #at({ campaign, status, step }: MemberRow, many: number): void {
    const key = keyOf(campaign, status);
    this.#statuses.set(key, (this.#statuses.get(key) ?? 0) + many);
    if (step === null) return;
    if (status === "waiting" || status === "working" || status === "failed")
      this.#step(campaign, step)[status] += many;
  }

  #step(campaign: CampaignId, step: string): StepCounts {
    const key = keyOf(campaign, step);
    const known = this.#steps.get(key) ?? { left_by: 0, failed: 0, waiting: 0, working: 0 };
    this.#steps.set(key, known);
    return known;
  }

  async add(target: Target): Promise<void> {
    const { schema } = target;
    // Which rows there are must not depend on which events come together: what adds up to nothing makes none, nor leaves one.
    const statuses = [...this.#statuses].filter(([, many]) => many !== 0);
    const steps = [...this.#steps].filter(([, one]) => Object.values(one).some((many) => many !== 0));
    this.#statuses.clear();
    this.#steps.clear();
    await Promise.all([
      statuses.length > 0 &&
        target.execute(
          `insert into ${schema}.status_count (campaign, status, members)
            select * from unnest($1::text[], $2::text[], $3::bigint[])
            on conflict (campaign, status) do update set members = status_count.members + excluded.members`,
          [
            statuses.map(([key]) => partsOf(key)[0]),
            statuses.map(([key]) => partsOf(key)[1]),
            statuses.map(([, many]) => many),
          ],
        ),
      steps.length > 0 &&
        target.execute(
          `insert into ${schema}.step_count (campaign, step, left_by, failed, waiting, working)
            select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            on conflict (campaign, step) do update set left_by = step_count.left_by + excluded.left_by,
              failed = step_count.failed + excluded.failed, waiting = step_count.waiting + excluded.waiting,
              working = step_count.working + excluded.working`,
          [
            steps.map(([key]) => partsOf(key)[0]),
            steps.map(([key]) => partsOf(key)[1]),
            steps.map(([, { left_by }]) => left_by),
            steps.map(([, { failed }]) => failed),
            steps.map(([, { waiting }]) => waiting),
            steps.map(([, { working }]) => working),
          ],
        ),
    ]);
    const counts = [...statuses.map(([, many]) => many), ...steps.flatMap(([, one]) => Object.values(one))];
    if (counts.some((many) => many < 0)) await dropEmpty(target);
  }
}

/** What comes back to nothing has no row, as it has none where all of it is in one batch of a rebuild. */
export async function dropEmpty({ schema, execute }: Target): Promise<void> {
  await execute(`delete from ${schema}.status_count where members = 0`);
  await execute(
    `delete from ${schema}.step_count where left_by = 0 and failed = 0 and waiting = 0 and working = 0`,
  );
}

export const noMembers = (): Record<MemberStatus, number> =>
  Object.fromEntries(memberStatuses.map((status) => [status, 0])) as Record<MemberStatus, number>;
