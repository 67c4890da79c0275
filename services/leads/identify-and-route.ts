import { comparable } from "#domain/identity/comparable.ts";
import type { Answer } from "#domain/identity/question.ts";
import { nobodyKey, personKey, submissionContext } from "#domain/seal-contexts.ts";
import type { SubmissionCommand } from "#domain/submission/decide.ts";
import { factsOf, type Routable, routeBy, seedOf } from "#domain/submission/route.ts";
import type { SubmissionState } from "#domain/submission/state.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { AskIdentity, Question } from "./ask-identity.ts";
import { StageFailure } from "./failure.ts";
import { deliveryIdsOf, type Lead, type Leads } from "./leads.ts";

// From "somebody sent this" to "it is about this person and goes to that partner", for a whole batch with one request to identity.

export interface DueLead {
  readonly lead: Lead;
  /** What makes it due. */
  readonly cause: StoredEvent;
}

export interface IdentifyAndRouteParts {
  readonly leads: Leads;
  readonly vault: Vault;
  readonly identity: AskIdentity;
  readonly routable: () => Routable;
  readonly metrics: Metrics;
}

interface IdentifiedLead extends DueLead {
  readonly submission: Submission;
  /** The same as it was sealed; a newer release may have put more into it. */
  readonly payload: unknown;
  /** Undefined where it names nobody. */
  readonly person: Person | undefined;
  /** What the payload goes under from here on. */
  readonly key: string;
}
type Person = Exclude<Answer, { refused: string }>;

/** In the order given: nothing, or why this one could not be routed. */
export async function identifyAndRoute(
  due: readonly DueLead[],
  { leads, vault, identity, routable, metrics }: IdentifyAndRouteParts,
  signal: AbortSignal,
): Promise<unknown[]> {
  const identified = await identifyAll(due, vault, identity, signal);
  for (const { cause } of due) {
    metrics.stageSeconds.observe({ stage: "identify" }, secondsSince(cause.metadata.at));
  }
  const keys = identified.flatMap((one) => (one instanceof StageFailure ? [] : one.key));
  await vault.ensureKeys([...new Set(keys)]);
  const rules = routable();

  async function route(one: IdentifiedLead | StageFailure): Promise<void> {
    if (one instanceof StageFailure) throw one;
    const { lead, cause, submission, payload, person = { match: "nobody" }, key } = one;
    const { id, status } = lead.state;
    const circumstances = { at: new Date().toISOString(), seed: seedOf(id) };
    const routing = routeBy(rules, circumstances, factsOf(submission));
    const blocked = "blocked" in routing ? new StageFailure("route", routing.blocked) : undefined;
    if (blocked && status === "identified") throw blocked;
    const context = submissionContext(id);
    const sealed = vault.sealCached(key, payload, context) ?? (await vault.seal(key, payload, context));
    const deliveryId = deliveryIdsOf(id);
    const toCommand = (state: SubmissionState): SubmissionCommand => {
      // Who it is about is worth keeping, even while no partner takes it.
      if ("blocked" in routing) return { type: "identify", person, sealed, deliveryId };
      if (state.status === "identified") return { type: "route", routing, deliveryId };
      return { type: "identify", person, sealed, routing, deliveryId };
    };
    await leads.act(id, cause, toCommand, lead);
    metrics.stageSeconds.observe({ stage: "route" }, secondsSince(cause.metadata.at));
    if (blocked) throw blocked;
  }
  const routed = await Promise.allSettled(identified.map(route));
  return routed.map((one) => (one.status === "rejected" ? one.reason : undefined));
}

async function identifyAll(
  due: readonly DueLead[],
  vault: Vault,
  identity: AskIdentity,
  signal: AbortSignal,
): Promise<(IdentifiedLead | StageFailure)[]> {
  const opened = await openPayloads(due, vault);
  const questions = opened.flatMap((one) =>
    one instanceof StageFailure ? [] : (questionAbout(one, vault) ?? []),
  );
  const answers = await identity(questions, signal);
  const answerById = new Map(questions.map(({ submission_id }, n) => [submission_id, answers[n]]));
  return opened.map((one) => {
    if (one instanceof StageFailure) return one;
    const { person_id, status, id, received_at } = one.lead.state;
    const known = person_id && { person_id, match: "same" as const };
    const person = status === "received" ? answerById.get(id) : known;
    if (person && "refused" in person) return new StageFailure("identify", person.refused);
    // Whoever is known owns the data; what names nobody shares a key with its month.
    return { ...one, person, key: person ? personKey(person.person_id) : nobodyKey(received_at) };
  });
}

type OpenedLead = Omit<IdentifiedLead, "person" | "key">;

async function openPayloads(due: readonly DueLead[], vault: Vault): Promise<(OpenedLead | StageFailure)[]> {
  const opened = await vault.openMany(
    due.map(({ lead: { state } }) => ({ sealed: state.sealed, context: submissionContext(state.id) })),
  );
  return due.map((one, n) => {
    const payload = opened[n];
    if (payload === undefined) return new StageFailure("identify", "its data was destroyed");
    const submission = Submission.safeParse(payload);
    if (!submission.success) return new StageFailure("identify", "its data can't be read");
    return { ...one, payload, submission: submission.data };
  });
}

/** Undefined where it is identified already, or names nobody. */
function questionAbout({ lead, submission: { normalised } }: OpenedLead, vault: Vault): Question | undefined {
  const values = Object.entries(comparable(normalised));
  if (lead.state.status !== "received" || values.length === 0) return undefined;
  const { email, phone, full_name } = normalised;
  return {
    submission_id: lead.state.id,
    traits: Object.fromEntries(values.map(([field, value]) => [field, vault.fingerprint(field, value)])),
    details: {
      ...(email !== undefined && { email }),
      ...(phone !== undefined && { phone }),
      ...(full_name !== undefined && { full_name }),
    },
    key: lead.state.sealed.key,
  };
}

const secondsSince = (at: string): number => Math.max(0, (Date.now() - Date.parse(at)) / 1_000);
