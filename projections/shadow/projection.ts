// What the shadow rules would have decided, beside what was decided: counted from the log, so that routing pays nothing for it.
import { compileRules, type Decide, loadRules } from "#domain/rules/compile/compile.ts";
import type { Rule } from "#domain/rules/rule.ts";
import { SHADOW_STREAM, type ShadowEvent } from "#domain/rules/shadow.ts";
import { Comparison, type ComparisonResult } from "#domain/submission/comparison.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { decideAgain, type PastDecision, pastDecision } from "#domain/submission/past-decision.ts";
import { type Known, knownEvents, type ModelEvent } from "../decoding.ts";
import type { Projection, Target } from "../projection.ts";
import { type RecordedFactsParts, recordedFacts } from "../recorded-facts.ts";

export interface ShadowRow {
  readonly version: number;
  readonly rules: readonly Rule[];
  /** It counts from when it is compiled. */
  readonly running: boolean;
  readonly counts: ComparisonResult;
}

export const shadowModel = {
  name: "shadow",
  version: 1,
  tables: [
    `create table shadow (
      one boolean primary key default true check (one),
      version int not null,
      rules json not null,
      running boolean not null,
      counts json not null
    )`,
  ],
  dependsOnKeys: { columns: ["counts"] },
} as const;

export interface ShadowProjectionParts extends RecordedFactsParts {}

export function shadowProjection(parts: ShadowProjectionParts): Projection {
  /** The code of the newest version; it is not kept in the database. */
  let loaded: { readonly version: number; readonly decide: Decide } | undefined;

  function decideOf({ version, rules }: ShadowRow): Decide {
    if (loaded?.version !== version)
      loaded = { version, decide: loadRules(compileRules(rules).source, rules) };
    return loaded.decide;
  }

  async function counted(row: ShadowRow, decisions: readonly PastDecision[]): Promise<ShadowRow> {
    const decide = decideOf(row);
    const facts = await recordedFacts(decisions, parts);
    const comparison = new Comparison(row.counts);
    for (const [n, decision] of decisions.entries()) {
      const its = facts[n];
      if (its === undefined) comparison.addUnreadable();
      else comparison.add(decision, decideAgain(decide, decision, its));
    }
    return { ...row, counts: comparison.result() };
  }

  return {
    ...shadowModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, SHADOW_STREAM],
    async apply(target, stored) {
      const known = knownEvents(stored, target.onSkipped);
      const before = await read(target);
      let row = before;
      let decisions: PastDecision[] = [];
      for (const { event, raw } of known) {
        if (isOfShadow({ event, raw })) {
          const version = row?.version;
          row = evolve(row, event as ShadowEvent);
          // What was decided beside the one before counts for nobody any more.
          if (row?.version !== version) decisions = [];
        } else if (row?.running) {
          const decision = isDecision(event) ? pastDecision(event, raw.metadata.at) : undefined;
          if (decision !== undefined) decisions.push(decision);
        }
      }
      if (row !== undefined && decisions.length > 0) row = await counted(row, decisions);
      if (row !== before) await write(target, row);
    },
  };
}

type Decisive = Extract<ModelEvent, { type: "SubmissionRouted" | "SubmissionUnrouted" }>;
const isDecision = (event: ModelEvent): event is Decisive =>
  event.type === "SubmissionRouted" || event.type === "SubmissionUnrouted";

const isOfShadow = ({ raw }: Known): boolean => raw.stream === SHADOW_STREAM;

function evolve(row: ShadowRow | undefined, { type, data }: ShadowEvent): ShadowRow | undefined {
  switch (type) {
    case "ShadowStarted":
      return { version: data.version, rules: data.rules, running: false, counts: new Comparison().result() };
    case "ShadowCompiled":
      return row?.version === data.version ? { ...row, running: true } : row;
    case "ShadowNotCompiled":
      return row;
    case "ShadowEnded":
      return undefined;
  }
}

async function read(target: Target): Promise<ShadowRow | undefined> {
  const [row] = await target.query<ShadowRow>(
    `select version, rules, running, counts from ${target.schema}.shadow`,
  );
  return row;
}

async function write(target: Target, row: ShadowRow | undefined): Promise<void> {
  if (row === undefined) {
    await target.execute(`delete from ${target.schema}.shadow`);
    return;
  }
  const { version, rules, running, counts } = row;
  await target.execute(
    `insert into ${target.schema}.shadow (version, rules, running, counts) values ($1, $2, $3, $4)
      on conflict (one) do update
        set version = excluded.version, rules = excluded.rules, running = excluded.running, counts = excluded.counts`,
    [version, JSON.stringify(rules), running, JSON.stringify(counts)],
  );
}
