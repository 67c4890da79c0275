// What an operator does about one lead: its payload is put right, or it is said what became of a delivery in doubt.
import type { SubmissionId } from "#domain/ids.ts";
import type { Reconciliation } from "#domain/partner/events.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { submissionDecider } from "#domain/submission/decide.ts";
import { submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { evolve, type SubmissionState } from "#domain/submission/state.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { changeStream } from "#platform/change.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { decodeKnown, foldStream } from "#platform/fold-stream.ts";
import { pause } from "#platform/retry.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";
import { askOwner } from "../admin/partner-owner.ts";
import { notFound } from "../admin/scope.ts";
import { APPEND_DEADLINE_MS, withinDeadline } from "../deadlines.ts";
import type { JsonObject } from "../http/json-body.ts";
import { checkPayload } from "../intake/payload.ts";
import type { KnownSources } from "../intake/sources.ts";
import { MAX_SEALED_BYTES } from "../intake/store.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";

export interface OneLeadParts {
  readonly eventStore: EventStore;
  readonly vault: Pick<Vault, "openReadable" | "seal">;
  readonly bus: Pick<Bus, "request">;
  readonly sources: () => KnownSources;
}

export interface OneLead {
  /** Fetched back with another payload; where in the log that is said. */
  correct(id: SubmissionId, correction: Correction, by: string): Promise<bigint>;
  resolve(id: SubmissionId, found: Found, by: string): Promise<bigint>;
}

export interface Correction {
  readonly payload: JsonObject;
  readonly reason?: string | undefined;
}

export interface Found {
  readonly outcome: Reconciliation;
  readonly reason: string;
  readonly price?: number | undefined;
}

const RECORDED_MS = 5_000;
const FOLLOWED_MS = 3_000;
const LOOK_MS = 50;
const codec = createCodec(submissionEvents);

export function oneLead({ eventStore, vault, bus, sources }: OneLeadParts): OneLead {
  async function load(id: SubmissionId): Promise<{ state: SubmissionState; revision: bigint | "no_stream" }> {
    const { state, revision } = await foldStream<SubmissionState | undefined, Parameters<typeof evolve>[1]>({
      eventStore,
      stream: submissionStream(id),
      decode: decodeKnown(codec),
      evolve,
      from: { state: undefined, revision: "no_stream" },
    });
    if (state === undefined) throw notFound();
    return { state, revision };
  }

  async function corrected(state: SubmissionState, given: JsonObject): Promise<Sealed> {
    const context = submissionContext(state.id);
    const [opened] = await vault.openReadable([{ sealed: state.sealed, context }]);
    if (!Submission.safeParse(opened).success) throw new Refused(FORGOTTEN);
    const checked = checkPayload(state.kind, given, sources().get(state.source)?.settings);
    if (isRefusal(checked)) {
      const errors = (checked.errors ?? []).map(({ path, message }) => ({
        path: `payload.${path}`,
        message,
      }));
      throw new Refused(refusal("unacceptable", errors.length > 0 ? { errors } : {}));
    }
    // With what a newer release may have put beside it.
    const sealed = await vault.seal(state.sealed.key, { ...(opened as object), ...checked }, context);
    if (sealed.data.length > MAX_SEALED_BYTES) throw new Refused(TOO_LARGE);
    return sealed;
  }

  /** The lead's actor records what its partner's stream says: whoever goes on from here finds that there. */
  async function followed(id: SubmissionId, revision: bigint | "no_stream"): Promise<bigint | undefined> {
    const deadline = performance.now() + FOLLOWED_MS;
    while (performance.now() < deadline) {
      const [newest] = await eventStore.readStreamBackwards(submissionStream(id), 1);
      if (newest !== undefined && newest.revision !== revision) return newest.position;
      await pause(LOOK_MS);
    }
    return undefined;
  }

  return {
    async correct(id, { payload, reason }, by) {
      const { state, revision } = await load(id);
      // Before anything is opened, and again on the stream as it is then.
      const possible = submissionDecider.decide({ type: "correct", sealed: state.sealed }, state);
      if (!possible.accepted) throw new Refused(NOT_TO_BE_CORRECTED);
      const sealed = await corrected(state, payload).catch((error: unknown) => {
        throw error instanceof KeyDestroyed ? new Refused(FORGOTTEN) : error;
      });
      const changed = await withinDeadline(
        changeStream({
          eventStore,
          stream: submissionStream(id),
          codec,
          initial: submissionDecider.initial,
          evolve,
          decide: (now, newest) =>
            newest === revision
              ? submissionDecider.decide({ type: "correct", sealed, reason }, now)
              : { accepted: false, reason: "moved_already" },
          by,
          deadlineMs: APPEND_DEADLINE_MS,
        }),
      );
      if (!changed.accepted) throw new Refused(MOVED);
      return changed.position ?? 0n;
    },

    async resolve(id, found, by) {
      const { state, revision } = await load(id);
      const { status, dead, route } = state;
      if (status !== "dead_lettered" || dead?.cause !== "outcome_unknown" || route === undefined)
        throw new Refused(NOT_IN_DOUBT);
      const { partner, delivery_id } = route;
      const about = { partner, submission_id: id, delivery_id, ...found, by };
      const reply = await askOwner(partner, { type: "reconcile", ...about }, RECORDED_MS, bus);
      if ("reconciled_at" in reply) return (await followed(id, revision)) ?? BigInt(reply.reconciled_at);
      const isKnown = "refused" in reply && reply.refused === "not_in_doubt";
      throw new Refused(isKnown ? NOT_IN_DOUBT : refusal("unavailable", { retryAfterS: 1 }));
    },
  };
}

const FORGOTTEN = refusal("conflict", {
  detail: "What this lead was about is forgotten, so there is nothing that could be put right; discard it",
});
const NOT_TO_BE_CORRECTED = refusal("conflict", {
  detail:
    "Only what a partner has declined, or what was never sent to one, can be put right; anything else may be with a partner as it was",
});
const MOVED = refusal("conflict", {
  detail: "Somebody else has moved this lead meanwhile; look at it again and decide anew",
});
const NOT_IN_DOUBT = refusal("conflict", {
  detail: "It is known what became of this lead's delivery, or was said already; there is nothing to resolve",
});
const TOO_LARGE = refusal("unacceptable", {
  errors: [{ path: "payload", message: "is larger, as it is stored, than a submission can be" }],
});
