import { referencesIn } from "#domain/context/context.ts";
import type { Sealed } from "#domain/event.ts";
import { comparable } from "#domain/identity/comparable.ts";
import type { Answer } from "#domain/identity/question.ts";
import type { RuleId } from "#domain/ids.ts";
import type { RoutingService } from "#domain/routing-service/service.ts";
import type { Facts } from "#domain/rules/evaluate.ts";
import { nobodyKey, personKey, submissionContext } from "#domain/seal-contexts.ts";
import type { SubmissionCommand } from "#domain/submission/decide.ts";
import type { Decided } from "#domain/submission/events.ts";
import { type Circumstances, factsOf, routeBy, seedOf } from "#domain/submission/route.ts";
import type { SubmissionState } from "#domain/submission/state.ts";
import { type LookedUp, Submission } from "#domain/submission/submission.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { AskIdentity, Question } from "./ask-identity.ts";
import type { Contexts } from "./contexts.ts";
import { StageFailure } from "./failure.ts";
import { deliveryIdsOf, type Lead, type Leads } from "./leads.ts";
import type { RoutableNow } from "./routing-view.ts";
import type { SuppressionLookup } from "./suppressions.ts";

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
  readonly routable: () => RoutableNow;
  readonly contexts: Contexts;
  readonly suppressions: SuppressionLookup;
  readonly metrics: Metrics;
}

/** Done with; or failed, and why; or a routing service has to be asked first, and the lead is identified by now. */
export type Advanced =
  | { readonly outcome: "done" }
  | { readonly outcome: "failed"; readonly error: unknown }
  | { readonly outcome: "to_ask"; readonly toAsk: ToAsk };

export interface ToAsk {
  readonly lead: Lead;
  readonly cause: StoredEvent;
  readonly service: string;
  readonly settings: RoutingService;
  readonly rule: RuleId;
  readonly facts: Facts;
  readonly circumstances: Circumstances;
  /** By which the rule was found: the same rules decide once there is an answer. */
  readonly rules: RoutableNow;
  /** Where what was looked up is not sealed yet. */
  readonly sealed: Sealed | undefined;
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

/** In the order given. */
export async function identifyAndRoute(
  due: readonly DueLead[],
  { leads, vault, identity, routable, contexts, suppressions, metrics }: IdentifyAndRouteParts,
  signal: AbortSignal,
): Promise<Advanced[]> {
  const identified = await identifyAll(due, vault, identity, signal);
  for (const one of identified) {
    // Who was known before was timed then; mail that comes again for the routing is not about that.
    if (one instanceof StageFailure || one.lead.state.status !== "received") continue;
    metrics.stageSeconds.observe({ stage: "identify" }, secondsSince(one.cause.metadata.at));
  }
  const keys = identified.flatMap((one) => (one instanceof StageFailure ? [] : one.key));
  await vault.ensureKeys([...new Set(keys)]);
  const rules = routable();
  const seen = await contextsOf(identified, rules.contextKinds, contexts);

  async function route(one: IdentifiedLead | StageFailure): Promise<Advanced> {
    if (one instanceof StageFailure) throw one;
    const { lead, cause, person: known = { match: "nobody" as const, lead_count: undefined }, key } = one;
    const { id, status } = lead.state;
    const { lead_count, ...person } = known;
    const found = seen.get(one);
    const suppressed = suppressions.suppressed(one.submission.normalised, Date.now());
    const { submission, payload } = withLookedUp(one, {
      ...(lead_count !== undefined && { person: { lead_count } }),
      ...(found && { context: found.context }),
      ...(suppressed && { suppressed }),
    });
    const circumstances = {
      at: new Date().toISOString(),
      seed: seedOf(id),
      ...(found && { context: found.versions }),
    };
    const facts = factsOf(submission);
    const routing = routeBy(rules, circumstances, facts);
    const settings = "ask" in routing ? rules.service(routing.ask) : undefined;
    const obstacle = obstacleIn(routing, settings);
    const blocked = obstacle === undefined ? undefined : new StageFailure("route", obstacle);
    if (blocked && status === "identified") throw blocked;
    const toAsk = (known: Lead, newlySealed?: Sealed): Advanced => {
      if (!("ask" in routing) || settings === undefined) throw new Error("there is nothing to ask");
      const { ask: service, rule } = routing;
      return {
        outcome: "to_ask",
        toAsk: {
          lead: known,
          cause,
          service,
          settings,
          rule,
          facts,
          circumstances,
          rules,
          sealed: newlySealed,
        },
      };
    };
    const context = submissionContext(id);
    const sealed = vault.sealCached(key, payload, context) ?? (await vault.seal(key, payload, context));
    const toldNow = (found ?? suppressed) === undefined ? undefined : sealed;
    if ("ask" in routing && status === "identified") return toAsk(lead, toldNow);
    const deliveryId = deliveryIdsOf(id);
    const toCommand = (state: SubmissionState): SubmissionCommand => {
      // Who it is about is worth keeping, even while no partner takes it.
      if (!("partners" in routing)) return { type: "identify", person, sealed, deliveryId };
      if (state.status === "identified")
        return { type: "route", routing, ...(toldNow && { sealed: toldNow }), deliveryId };
      return { type: "identify", person, sealed, routing, deliveryId };
    };
    const { state, revision } = await leads.act(id, cause, toCommand, lead);
    if ("ask" in routing && blocked === undefined) return toAsk({ state, revision });
    if (!blocked && state.status === "identified") await leads.act(id, cause, toCommand, { state, revision });
    metrics.stageSeconds.observe({ stage: "route" }, secondsSince(cause.metadata.at));
    if (blocked) throw blocked;
    return { outcome: "done" };
  }
  const routed = await Promise.allSettled(identified.map(route));
  return routed.map((one) =>
    one.status === "fulfilled" ? one.value : { outcome: "failed", error: one.reason },
  );
}

/** Why the rules can't be followed as they stand. */
function obstacleIn(
  routing: ReturnType<typeof routeBy>,
  settings: RoutingService | undefined,
): string | undefined {
  if ("blocked" in routing) return routing.blocked;
  const isUnknown = "ask" in routing && settings === undefined;
  return isUnknown ? `rule ${routing.rule} asks ${routing.ask}, which is no routing service` : undefined;
}

interface FoundContext {
  /** By kind. */
  readonly context: NonNullable<LookedUp["context"]>;
  readonly versions: NonNullable<Decided["context"]>;
}

/** For each lead that names context objects: those that there are. */
async function contextsOf(
  leads: readonly (IdentifiedLead | StageFailure)[],
  kinds: ReadonlySet<string>,
  contexts: Contexts,
): Promise<ReadonlyMap<IdentifiedLead, FoundContext>> {
  const wanted = leads.flatMap((lead) =>
    lead instanceof StageFailure
      ? []
      : referencesIn(lead.submission.payload, kinds).map((reference) => ({
          lead,
          reference,
          position: lead.cause.position,
        })),
  );
  if (wanted.length === 0) return new Map();
  const seen = await contexts.lookUp(wanted);
  const named = Map.groupBy(
    wanted.map(({ lead, reference: { kind } }, n) => ({ lead, kind, seen: seen[n] })),
    ({ lead }) => lead,
  );
  return new Map(
    Array.from(named, ([lead, its]): [IdentifiedLead, FoundContext] => {
      const there = its.flatMap((one) => (one.seen === undefined ? [] : { kind: one.kind, ...one.seen }));
      return [
        lead,
        {
          context: Object.fromEntries(there.map(({ kind, fields }) => [kind, fields])),
          versions: there.map(({ kind, version }) => ({ kind, version })),
        },
      ];
    }),
  );
}

/** Facts beside the payload, and sealed with it from here on. */
function withLookedUp(
  { submission, payload }: Pick<IdentifiedLead, "submission" | "payload">,
  found: LookedUp,
): Pick<IdentifiedLead, "submission" | "payload"> {
  const looked_up = { ...submission.looked_up, ...found };
  if (Object.keys(looked_up).length === 0) return { submission, payload };
  return { submission: { ...submission, looked_up }, payload: { ...(payload as object), looked_up } };
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
