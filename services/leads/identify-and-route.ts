import type { Sealed } from "#domain/event.ts";
import { comparable } from "#domain/identity/comparable.ts";
import type { Traits } from "#domain/identity/events.ts";
import type { Answer, Details } from "#domain/identity/question.ts";
import { personKey } from "#domain/seal-contexts.ts";
import type { Command } from "#domain/submission/decide.ts";
import type { SubmissionState } from "#domain/submission/fold.ts";
import { type Blocked, factsOf, type Routable, routeBy } from "#domain/submission/route.ts";
import type { Submission } from "#domain/submission/submission.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { AskIdentity, Stranger } from "./ask-identity.ts";
import type { Lead, Leads } from "./leads.ts";
import { StageFailure } from "./verdict.ts";

// From "somebody sent this" to "it is about this person and goes to that partner", for a whole batch with one question.

export interface Unsettled {
  readonly lead: Lead;
  readonly because: StoredEvent;
}

export interface SettleParts {
  readonly leads: Leads;
  readonly vault: Vault;
  readonly identity: AskIdentity;
  readonly routable: () => Routable;
  readonly metrics: Metrics;
}

type Person = Extract<Command, { type: "settle" }>["person"];
type Routing = Extract<Command, { type: "settle" }>["routing"];

/** Settles each; the answers are in the order given: nothing, or why this one could not be settled. */
export async function settle(
  unsettled: readonly Unsettled[],
  { leads, vault, identity, routable, metrics }: SettleParts,
  signal: AbortSignal,
): Promise<(unknown | undefined)[]> {
  const opened = await openPayloads(unsettled, vault);
  const people = await identifyAll(unsettled, opened, vault, identity, signal);
  for (const { because } of unsettled) {
    metrics.stageSeconds.observe({ stage: "identify" }, secondsSince(because.metadata.at));
  }
  const keys = unsettled.map(({ lead }, n) => keyFor(lead.state, people[n]));
  await vault.ensureKeys([...new Set(keys)]);
  const rules = routable();

  const settled = await Promise.allSettled(
    unsettled.map(async ({ lead, because }, n) => {
      const submission = opened[n];
      if (submission === undefined) throw new StageFailure("identify", "its data was destroyed");
      const person = people[n];
      if (person !== undefined && "refused" in person) throw new StageFailure("identify", person.refused);
      const routing = routeBy(rules, lead.id, factsOf(submission));
      const [key, context] = [keys[n] as string, contextOf(lead.state)];
      const sealed =
        vault.sealCached(key, submission, context) ?? (await vault.seal(key, submission, context));
      await leads.act(lead, because, (state) =>
        commandFor(state, person ?? { match: "nobody" }, sealed, routing),
      );
      metrics.stageSeconds.observe({ stage: "route" }, secondsSince(because.metadata.at));
      if ("blocked" in routing) throw new StageFailure("route", routing.blocked);
    }),
  );
  return settled.map((one) => (one.status === "rejected" ? one.reason : undefined));
}

function commandFor(
  state: SubmissionState,
  person: Person,
  sealed: Sealed,
  routing: Routing | Blocked,
): Command | undefined {
  if (state.status === "received") {
    // Who it is about is worth keeping, even while nobody takes it.
    if ("blocked" in routing) return { type: "identify", person, sealed };
    return { type: "settle", person, sealed, routing };
  }
  if (state.status === "identified" && !("blocked" in routing)) return { type: "route", routing };
  return undefined;
}

const contextOf = (state: SubmissionState): string => `submission-${state.id}`;

async function openPayloads(
  unsettled: readonly Unsettled[],
  vault: Vault,
): Promise<(Submission | undefined)[]> {
  const items = unsettled.map(({ lead }) => ({ sealed: lead.state.sealed, context: contextOf(lead.state) }));
  // Sealed by the gateway, which has checked it; the seal says that nobody has changed it since.
  return (await vault.openMany(items)) as (Submission | undefined)[];
}

/** One question for all who are not identified yet; undefined for those who name nobody. */
async function identifyAll(
  unsettled: readonly Unsettled[],
  opened: readonly (Submission | undefined)[],
  vault: Vault,
  identity: AskIdentity,
  signal: AbortSignal,
): Promise<(Answer | undefined)[]> {
  const people = new Array<Answer | undefined>(unsettled.length).fill(undefined);
  const asked: number[] = [];
  const strangers: Stranger[] = [];
  for (const [n, { lead }] of unsettled.entries()) {
    const submission = opened[n];
    const { status, person_id } = lead.state;
    if (status !== "received") {
      if (person_id !== undefined) people[n] = { person_id, match: "same" };
      continue;
    }
    const stranger = submission && strangerIn(lead.state, submission, vault);
    if (stranger === undefined) continue;
    asked.push(n);
    strangers.push(stranger);
  }
  const answers = await identity(strangers, signal);
  for (const [n, at] of asked.entries()) people[at] = answers[n];
  return people;
}

function strangerIn(
  { id, sealed }: SubmissionState,
  { normalised }: Submission,
  vault: Vault,
): Stranger | undefined {
  const values = Object.entries(comparable(normalised));
  if (values.length === 0) return undefined;
  const traits: Traits = Object.fromEntries(
    values.map(([field, value]) => [field, vault.fingerprint(field, value)]),
  );
  const { email, phone, full_name }: Details = normalised;
  const details = {
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(full_name !== undefined && { full_name }),
  };
  return { submission_id: id, traits, details, key: sealed.key };
}

/** Whoever is known owns the data; what names nobody shares a key with its month. */
function keyFor(state: SubmissionState, person: Answer | undefined): string {
  if (person !== undefined && !("refused" in person)) return personKey(person.person_id);
  return `nobody-${state.received_at.slice(0, 7)}`;
}

const secondsSince = (at: string): number => Math.max(0, (Date.now() - Date.parse(at)) / 1_000);
