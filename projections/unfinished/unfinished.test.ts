import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SourceId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { Target } from "../projection.ts";
import { unfinishedProjection } from "./projection.ts";

const test = suite("what is unfinished");
const sealed = { key: "k", iv: "", tag: "", data: "" };
const at = "2026-01-01T00:00:00.000Z";

let position = 0n;
function stored({ type, data }: SubmissionEvent): StoredEvent {
  position += 1n;
  return {
    id: newUuid(),
    stream: submissionStream(data.submission_id),
    revision: 0n,
    position,
    type,
    version: submissionEvents[type].version,
    data,
    metadata: { schema: 1, at },
    created: new Date(at),
  };
}

const received = (submission_id: SubmissionId): StoredEvent => {
  const about = { submission_id, kind: "lead", source: SourceId.parse("demo"), received_at: at } as const;
  return stored({
    type: "SubmissionReceived",
    data: { ...about, fingerprint: "", key_fingerprint: "", sealed },
  });
};
const unrouted = (submission_id: SubmissionId): StoredEvent =>
  stored({
    type: "SubmissionUnrouted",
    data: { submission_id, reason: "no_rule_matched", ruleset_version: 1 },
  });
const redriven = (submission_id: SubmissionId): StoredEvent =>
  stored({
    type: "SubmissionRedriven",
    data: { submission_id, stage: "route", partner: PartnerId.parse("edu") },
  });

const edu = PartnerId.parse("edu");
const atPartner = (event: PartnerEvent): StoredEvent => ({
  ...received(SubmissionId.parse(newUuid())),
  stream: partnerStream(edu),
  type: event.type,
  version: partnerEvents[event.type].version,
  data: event.data,
});
const delivery = (submission_id: SubmissionId) => ({
  partner: edu,
  delivery_id: DeliveryId.parse("00000000-0000-8000-8000-000000000001"),
  submission_id,
});
const held = (submission_id: SubmissionId): StoredEvent =>
  atPartner({ type: "DeliveryHeld", data: { ...delivery(submission_id), reason: "cap_day" } });
const failed = (submission_id: SubmissionId, timer: boolean): StoredEvent =>
  atPartner({
    type: "DeliveryFailed",
    data: {
      ...delivery(submission_id),
      attempt: 1,
      timings: { total_ms: 1, partner_ms: 1, overhead_ms: 0 },
      reason: "http_503",
      retry_at: "2026-01-01T05:00:00.000Z",
      ...(timer && { timer }),
    },
  });
const started = (submission_id: SubmissionId, waited?: "held" | "timer"): StoredEvent =>
  atPartner({
    type: "DeliveryStarted",
    data: {
      ...delivery(submission_id),
      attempt: 1,
      dedupe_key: "k",
      started_at: "2026-01-01T06:00:00.000Z",
      sealed_request: sealed,
      ...(waited && { waited }),
    },
  });

/** What one batch writes: the ids of the rows that it deletes and puts, and until when others wait. */
async function written(
  ...events: StoredEvent[]
): Promise<{ deletes: unknown[]; puts: unknown[]; waits?: unknown }> {
  const [deletes, puts]: [unknown[], unknown[]] = [[], []];
  let waits: unknown;
  const target: Target = {
    schema: "unfinished",
    onSkipped: () => assert.unreachable("nothing is skipped"),
    query: () => Promise.reject(new Error("nothing is to be read")),
    async execute(sql, params = []) {
      const [ids] = params;
      if (sql.startsWith("update")) {
        waits = params;
        return 0;
      }
      const those = typeof ids === "string" ? ids.slice(1, -1).split(",") : ids;
      (sql.startsWith("delete") ? deletes : puts).push(those);
      return 0;
    },
  };
  await unfinishedProjection().apply(target, events);
  return { deletes, puts, ...(waits !== undefined && { waits }) };
}

const ids = Array.from({ length: 4 }, () => SubmissionId.parse(newUuid()));
const [a, b, c, d] = ids as [SubmissionId, SubmissionId, SubmissionId, SubmissionId];

test("has no row for a submission that begins and ends in the same batch", async () => {
  assert.equal(await written(received(a), received(b), unrouted(a), unrouted(b)), { deletes: [], puts: [] });
});

test("is written by one statement for all that begin, and one for all that end", async () => {
  const events = [unrouted(a), received(b), received(c), unrouted(d), received(d), unrouted(c)];
  assert.equal(await written(...events), { deletes: [[a]], puts: [[b, d]] });
});

test("has a row again for what was fetched back", async () => {
  assert.equal(await written(received(a), unrouted(a), redriven(a)), { deletes: [], puts: [[a]] });
  assert.equal(await written(unrouted(a), redriven(a)), { deletes: [], puts: [[a]] });
});

test("has a row for what somebody found out until that is recorded, or the lead is discarded", async () => {
  const found = { outcome: "delivered", reason: "they have it" } as const;
  const reconciled = (id: SubmissionId) =>
    atPartner({ type: "DeliveryReconciled", data: { ...delivery(id), ...found } });
  const recorded = stored({ type: "SubmissionReconciled", data: { ...delivery(b), ...found } });
  const discarded = stored({
    type: "SubmissionDiscarded",
    data: { submission_id: c, stage: "deliver", reason: "x" },
  });
  const events = [reconciled(a), reconciled(b), reconciled(c), recorded, discarded];
  assert.equal(await written(...events), { deletes: [[b, c]], puts: [[a]] });
});

test("what is held, or waits for a timer, waits for nobody's reaction until its time and a minute more", async () => {
  assert.equal(await written(held(a), failed(b, true), failed(c, false)), {
    deletes: [],
    puts: [],
    waits: [
      [a, b],
      ["infinity", "2026-01-01T05:01:00.000Z"],
    ],
  });
  assert.equal(await written(started(a, "held"), started(b, "timer"), started(c)), {
    deletes: [],
    puts: [],
    waits: [[a], ["2026-01-01T06:01:00.000Z"]],
  });
});

test.run();
