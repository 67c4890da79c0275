// What a campaign does itself for a member that is at work: asks how its reply sounds, or hands in a submission. Each is begun once it
// is recorded that it is, again by whoever takes the campaign over, and may be repeated.
import type { AnalysisServices } from "#domain/analysis/service.ts";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { stepOf } from "#domain/campaign/definition.ts";
import { submittedFields } from "#domain/campaign/member.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { CAMPAIGN_SUBMIT_SUBJECT } from "#platform/bus/subjects.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import type { Analysis } from "./analysis.ts";
import type { FieldsOf } from "./fields.ts";
import { keyOf, type Over } from "./next-move.ts";

export interface WorkParts {
  readonly campaign: CampaignId;
  readonly configured: () => ConfiguredCampaign;
  readonly services: () => AnalysisServices;
  readonly analysis: Analysis;
  readonly fields: FieldsOf;
  readonly bus: Pick<Bus, "request">;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export type Worked =
  | { readonly over: Over }
  | { readonly failed: string; readonly attempts: number; readonly dead: boolean }
  | "interrupted";

const BACKOFF = { baseMs: 100, maxMs: 3_000 };
const SUBMIT_MS = 15_000;

/** Never rejects; what fails for want of an engine is tried until it is there. */
export async function workOn(id: MemberId, member: Member, parts: WorkParts): Promise<Worked> {
  const { signal, log, campaign } = parts;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      return await workOnce(id, member, parts);
    } catch (error) {
      log.warn({ err: error, campaign, member_id: id }, "step of a member not done yet");
      await pause(backoffMs(failures, BACKOFF), signal);
    }
  }
  return "interrupted";
}

async function workOnce(id: MemberId, member: Member, parts: WorkParts): Promise<Worked> {
  const { configured, services, analysis, fields, signal } = parts;
  const { versions, definition } = configured();
  const step =
    member.step === undefined ? undefined : stepOf(versions.get(member.version) ?? definition, member.step);
  const [opened] = await fields.open([[id, member]]);
  if (opened === undefined) return { failed: "forgotten", attempts: 0, dead: false };
  if (step?.type === "analyze") {
    const settings = services().get(step.service);
    if (settings === undefined) return { failed: "no_such_analysis_service", attempts: 0, dead: true };
    const about = { member_id: id, text: opened.reply ?? "" };
    const answer = await analysis.ask(step.service, settings, about, signal);
    if (answer === "interrupted") return answer;
    if ("failed" in answer) return { ...answer, dead: true };
    return { over: { how: "analysed", sentiment: answer.sentiment } };
  }
  if (step?.type === "submit") {
    const before = { ...member, moves: member.moves - 1 };
    const payload = submittedFields(step.fields, opened.facts);
    return submit({ kind: step.kind, payload, key: keyOf(id, before, step.id) }, parts);
  }
  // A migration has put something else in the place of what it was at.
  return { failed: "step_is_gone", attempts: 0, dead: true };
}

/** Only a gateway takes anything in; the same key makes the same submission. */
async function submit(
  submission: { readonly kind: string; readonly payload: object; readonly key: string },
  { campaign, bus, signal }: WorkParts,
): Promise<Worked> {
  const order = Buffer.from(JSON.stringify({ campaign, ...submission }));
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const reply = await bus.request(CAMPAIGN_SUBMIT_SUBJECT, order, SUBMIT_MS);
      const answer = JSON.parse(Buffer.from(reply).toString("utf8")) as { readonly refused?: string };
      if (answer.refused === undefined) return { over: { how: "submitted" } };
      if (answer.refused !== "later") return { failed: answer.refused, attempts: failures + 1, dead: true };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
    }
    await pause(backoffMs(failures, BACKOFF), signal);
  }
  return "interrupted";
}
