// What the counts say of histories given and random, beside the leads themselves.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Kind, Stage } from "#domain/submission/events.ts";
import { connectDatabase } from "#platform/database.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { type Choices, happenings, isLegal, type Life, Lives } from "../../test/metrics/lives.ts";
import { prepare } from "../checkpoint.ts";
import { leadsProjection } from "../leads/projection.ts";
import type { Projection } from "../projection.ts";
import { metricsProjection } from "./projection.ts";
import { createStatsQueries, dimensions, type StatsFilter, type StatsItem } from "./query.ts";

const test = suite("metrics");
const postgres = await startPostgres();
const log = createLog({ level: "silent", name: "test", instance: "test" });
const database = connectDatabase({ url: postgres.url, log, max: 4 });
test.after(async () => {
  await database.close();
  await postgres.stop();
});

const onSkipped = (raw: StoredEvent, why: string): never => {
  throw new Error(`${raw.type} was skipped: ${why}`);
};
const metrics = metricsProjection();
// Nobody looks for a lead here, so nothing has to be opened.
const vault = { openReadable: async (items: readonly unknown[]) => items.map(() => undefined) };
const leads = leadsProjection({
  vault: vault as unknown as Parameters<typeof leadsProjection>[0]["vault"],
});
const queries = createStatsQueries({ database });

async function apply(projection: Projection, schema: string, batches: readonly (readonly StoredEvent[])[]) {
  await prepare(database, projection, schema);
  for (const batch of batches) {
    const own = batch.filter(({ stream }) => projection.prefixes.some((prefix) => stream.startsWith(prefix)));
    await database.transaction(({ query, execute }) =>
      projection.apply({ schema, query, execute, onSkipped }, own),
    );
  }
}

/** One event at a time, as in an idle system. */
const oneByOne = (events: readonly StoredEvent[]): StoredEvent[][] => events.map((event) => [event]);

async function emptyAll(): Promise<void> {
  for (const [projection, schema] of [
    [metrics, "metrics"],
    [metrics, "rebuilt"],
    [leads, "leads"],
  ] as const)
    await prepare(database, projection, schema);
  await database.execute(
    "truncate metrics.lead, metrics.counted, rebuilt.lead, rebuilt.counted, leads.lead_state, leads.payload",
  );
}

const DAY: Omit<StatsFilter, "by"> = {
  from: new Date("2026-03-01T00:00:00Z"),
  to: new Date("2026-03-02T00:00:00Z"),
  bucket: "day",
  clock: "received",
  limit: 1_000,
};
const ask = async (filter: Pick<StatsFilter, "by"> & Partial<StatsFilter>): Promise<StatsItem[]> => {
  const items = await queries.list({ ...DAY, ...filter });
  if (items === undefined) throw new Error("there are more items than the limit");
  return items;
};

/** Without what is 0 or null. */
const told = (items: readonly StatsItem[]): object[] =>
  items.map((item) =>
    Object.fromEntries(Object.entries(item).filter(([name, value]) => name === "key" || value)),
  );

async function given(tell: (lives: Lives) => void): Promise<void> {
  await emptyAll();
  const lives = new Lives("2026-03-01T10:00:30.000Z");
  tell(lives);
  await apply(metrics, "metrics", oneByOne(lives.events));
}

const at = "2026-03-01T00:00:00.000Z";

test("a delivered lead counts with its price and its time, and as returned once it is given back", async () => {
  await emptyAll();
  const lives = new Lives("2026-03-01T10:00:30.000Z");
  const life = lives.tell(lives.receive(), "PersonIdentified", ["SubmissionRouted", { partner: "edu" }]);
  lives.passes(100_000).tell(life, "DeliveryStarted", ["DeliverySucceeded", { price: 12.5 }]);
  await apply(metrics, "metrics", oneByOne(lives.events));
  const [delivered] = await ask({ by: "partner" });
  const { p50_ms = 0, p99_ms = 0, ...counts } = delivered ?? {};
  assert.equal(told([counts as StatsItem]), [{ at, key: "edu", received: 1, delivered: 1, revenue: 12.5 }]);
  assert.ok(Math.abs((p50_ms ?? 0) / 100_000 - 1) <= 0.021, `${p50_ms}`);
  assert.is(p99_ms, p50_ms);

  const before = lives.events.length;
  lives.passes(86_400_000).tell(life, "DeliveryReturned");
  await apply(metrics, "metrics", oneByOne(lives.events.slice(before)));
  for (const clock of ["received", "ended"] as const) {
    const [returned] = await ask({ by: "partner", clock, bucket: "minute" });
    assert.is(returned?.at, clock === "received" ? "2026-03-01T10:00:00.000Z" : "2026-03-01T10:02:00.000Z");
    assert.equal(
      [returned?.received, returned?.delivered, returned?.returned, returned?.revenue],
      [1, 0, 1, 0],
    );
  }
});

test("a waterfall counts for the partner that has it in the end", async () => {
  await given((lives) => {
    const life = lives.receive();
    lives.tell(life, "PersonIdentified", ["SubmissionRouted", { partner: "edu" }], "DeliveryStarted");
    lives.tell(life, "DeliveryRejected", ["SubmissionRouted", { partner: "fin" }], "DeliveryStarted");
    lives.tell(life, ["DeliveryFailed", { late: true }], ["DeliverySucceeded", { price: 0.1 }]);
    const other = lives.tell(lives.receive(), "PersonIdentified", ["SubmissionRouted", { partner: "edu" }]);
    lives.tell(other, "DeliveryStarted", "DeliveryRejected", "SubmissionRejected");
  });
  const items = (await ask({ by: "partner" })).map(({ p50_ms: _, p99_ms: __, ...item }) => item as StatsItem);
  assert.equal(told(items), [
    { at, key: "edu", received: 1, rejected: 1 },
    { at, key: "fin", received: 1, delivered: 1, revenue: 0.1 },
  ]);
});

test("what was fetched back has not ended any more, until it ends again", async () => {
  await given((lives) => {
    const life = lives.tell(lives.receive(), "PersonIdentified");
    lives.passes(60_000).tell(life, ["SubmissionDeadLettered", { stage: "route" }]);
    lives.passes(60_000).tell(life, ["SubmissionRedriven", { stage: "route" }]);
  });
  assert.equal(told(await ask({ by: "status" })), [{ at, key: "identified", received: 1 }]);
  assert.equal(await ask({ by: "status", clock: "ended" }), []);
  await given((lives) => {
    const life = lives.tell(lives.receive(), "PersonIdentified");
    lives.passes(60_000).tell(life, ["SubmissionDeadLettered", { stage: "route" }]);
    lives.passes(60_000).tell(life, ["SubmissionRedriven", { stage: "route" }]);
    lives.passes(3_600_000).tell(life, "SubmissionUnrouted");
  });
  const [ended] = await ask({ by: "rule", clock: "ended", bucket: "hour" });
  assert.equal([ended?.at, ended?.key, ended?.unrouted], ["2026-03-01T11:00:00.000Z", null, 1]);
});

test("what was discarded is rejected, and what was found out counts when it was", async () => {
  await given((lives) => {
    const dead = () => {
      const life = lives.tell(lives.receive(), "PersonIdentified", ["SubmissionRouted", { partner: "edu" }]);
      return lives.tell(life, "DeliveryStarted", "DeliveryDeadLettered", "SubmissionDeadLettered");
    };
    const [discarded, found, not] = [dead(), dead(), dead()];
    lives.passes(3_600_000).tell(discarded, "SubmissionDiscarded");
    lives.tell(found, ["DeliveryReconciled", { price: 3 }], ["SubmissionReconciled", { price: 3 }]);
    lives.tell(not, "DeliveryReconciled/not", "SubmissionReconciled/not");
  });
  const items = await ask({ by: "status", clock: "ended", bucket: "hour" });
  assert.equal(
    items.map(({ at, key, received, revenue }) => [at.slice(11, 13), key, received, revenue]),
    [
      ["10", "dead_lettered", 1, 0],
      ["11", "delivered", 1, 3],
      ["11", "rejected", 1, 0],
    ],
  );
});

test("duplicates, the unrouted, sources and kinds count apart", async () => {
  await given((lives) => {
    const routed = (life: Life) =>
      lives.tell(life, "PersonIdentified", ["SubmissionRouted", { partner: "edu" }]);
    lives.tell(routed(lives.receive({ source: "web" })), "DeliveryDuplicated");
    lives.tell(lives.receive({ source: "app", kind: "event" }), "PersonIdentified", "SubmissionUnrouted");
    lives.tell(routed(lives.receive({ source: "app" })), "DeliveryHeld");
  });
  assert.equal(told(await ask({ by: "source" })), [
    { at, key: "app", received: 2, unrouted: 1 },
    { at, key: "web", received: 1, duplicate: 1 },
  ]);
  assert.equal(told(await ask({ by: "kind" })), [
    { at, key: "event", received: 1, unrouted: 1 },
    { at, key: "lead", received: 2, duplicate: 1 },
  ]);
  assert.equal(told(await ask({ by: "status" })), [
    { at, key: "duplicate", received: 1, duplicate: 1 },
    { at, key: "held", received: 1 },
    { at, key: "unrouted", received: 1, unrouted: 1 },
  ]);
});

test("prices add up without an error of floating point", async () => {
  await given((lives) => {
    for (const price of [0.1, 0.2, 1e-7, 1e21, -1e21]) {
      const life = lives.tell(lives.receive(), "PersonIdentified", ["SubmissionRouted", { partner: "edu" }]);
      lives.tell(life, "DeliveryStarted", ["DeliverySucceeded", { price }]);
    }
  });
  assert.is((await ask({ by: "partner" }))[0]?.revenue, 0.3000001);
});

const choices = fc.record({
  lead: fc.nat(9),
  /** Where it is no happening that may follow, another one is taken. */
  happening: fc.nat(1_000),
  isOdd: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  late: fc.boolean(),
  partner: fc.constantFrom("edu", "fin"),
  rule: fc.constantFrom("all", "some", null),
  price: fc.constantFrom(undefined, 0, 0.1, 19.99, 1e-7),
  stage: fc.constantFrom(...Stage.options),
  passes: fc.constantFrom(0, 3, 250, 61_000, 3_600_000, 90_000_000),
  endsBatch: fc.boolean(),
});

interface History {
  readonly lives: readonly Life[];
  readonly batches: readonly StoredEvent[][];
  readonly others: readonly StoredEvent[][];
}

const histories = fc.array(choices, { minLength: 20, maxLength: 150 }).map((steps): History => {
  const all = new Lives("2026-03-01T22:58:59.500Z");
  const lives = new Map<number, Life>();
  const batches: StoredEvent[][] = [];
  let from = 0;
  for (const { lead, happening, isOdd, passes, endsBatch, late, partner, rule, price, stage } of steps) {
    all.passes(passes);
    const life = lives.get(lead);
    if (life === undefined) {
      const kind = Kind.options[lead % Kind.options.length] ?? "lead";
      lives.set(lead, all.receive({ source: lead % 2 ? "web" : "app", kind }));
    } else {
      const wanted: Choices = {
        partner,
        rule,
        stage,
        late: late && isOdd,
        ...(price !== undefined && { price }),
      };
      const possible = isOdd ? happenings : happenings.filter((one) => isLegal(life, one, wanted));
      const one = possible[happening % possible.length];
      if (one === undefined) all.merge();
      else all.tell(life, [one, wanted]);
    }
    if (endsBatch) {
      batches.push(all.events.slice(from));
      from = all.events.length;
    }
  }
  batches.push(all.events.slice(from));
  const half = Math.floor(all.events.length / 2);
  const others = [all.events.slice(0, half), all.events.slice(half)];
  return { lives: [...lives.values()], batches, others };
});

const STATUSES = ["delivered", "rejected", "duplicate", "unrouted", "dead_lettered", "returned"];

/** Of every filter, with each count and the revenue. */
async function assertSumsEqualLeads(): Promise<void> {
  for (const bucket of ["minute", "hour", "day"])
    for (const dimension of dimensions) {
      const [counted, listed] = await Promise.all([
        database.query(
          `select at, key, received, ${STATUSES.join(", ")}, revenue::float8 from metrics.counted
            where bucket = $1 and dimension = $2 and clock = 'received' order by at, key`,
          [bucket, dimension],
        ),
        database.query(
          `select date_trunc($1, received_at, 'UTC') as at, coalesce(${dimension}, '') as key, count(*)::int as received,
              ${STATUSES.map((one) => `count(*) filter (where status = '${one}')::int as ${one}`).join(", ")},
              coalesce(sum(price::numeric) filter (where status = 'delivered'), 0)::float8 as revenue from leads.lead
            group by 1, 2 order by 1, 2`,
          [bucket],
        ),
      ]);
      assert.equal(counted, listed, `${bucket}, ${dimension}`);
    }
}

const WHOLE = {
  from: new Date("2026-01-01"),
  to: new Date("2030-01-01"),
  bucket: "day",
  limit: 100_000,
} as const;

/** As the API tells it, by each filter alone, and by the date of the end. */
async function assertAnswersEqualLives(lives: readonly Life[]): Promise<void> {
  const ended = lives.filter(({ endedAt }) => endedAt !== undefined);
  for (const [clock, some] of [
    ["received", lives],
    ["ended", ended],
  ] as const) {
    const items = await ask({ ...WHOLE, by: "status", clock });
    const days = some.map((life) => {
      const day = new Date((clock === "received" ? life.receivedAt : life.endedAt) ?? 0)
        .toISOString()
        .slice(0, 10);
      return `${day} ${life.status}`;
    });
    const counted = items.flatMap(({ at, key, received }) =>
      Array(received).fill(`${at.slice(0, 10)} ${key}`),
    );
    assert.equal(counted.sort(), days.sort(), clock);
    const partners = (await ask({ ...WHOLE, by: "partner", clock })).flatMap(({ key, received }) =>
      Array(received).fill(`${key}`),
    );
    const routedTo = some.map(({ delivery, partner }) => (delivery === undefined ? "null" : partner));
    assert.equal(partners.sort(), routedTo.sort(), clock);
    for (const by of dimensions) {
      const sum = (await ask({ ...WHOLE, by, clock })).reduce((all, { received }) => all + received, 0);
      assert.is(sum, some.length, `${by}, ${clock}`);
    }
  }
  const total = await ask({ ...WHOLE, by: "source", clock: "ended" });
  for (const { at, key, p50_ms, p99_ms } of total) {
    const times = ended
      .filter(
        ({ source, endedAt = 0 }) =>
          source === key && new Date(endedAt).toISOString().startsWith(at.slice(0, 10)),
      )
      .map(({ endedAt = 0, receivedAt }) => endedAt - receivedAt)
      .sort((a, b) => a - b);
    assertNear(p50_ms, times[Math.ceil(times.length * 0.5) - 1]);
    assertNear(p99_ms, times[Math.ceil(times.length * 0.99) - 1]);
  }
}

function assertNear(ms: number | null, measured = Number.NaN): void {
  assert.ok(ms !== null && Math.abs(ms - measured) <= measured * 0.0205, `${ms} is near ${measured}`);
}

const rows = (schema: string) =>
  database.query(`select *, revenue::text from ${schema}.counted order by bucket, clock, dimension, at, key`);

test("sums equal the leads for every filter, and a rebuild equals what was kept up to date", async () => {
  const statuses = new Set<string>();
  await fc.assert(
    fc.asyncProperty(histories, async ({ lives, batches, others }) => {
      await emptyAll();
      await Promise.all([
        apply(metrics, "metrics", batches),
        apply(leads, "leads", batches),
        apply(metrics, "rebuilt", others),
      ]);
      await assertSumsEqualLeads();
      await assertAnswersEqualLives(lives);
      assert.equal(await rows("rebuilt"), await rows("metrics"));
      for (const { status } of lives) statuses.add(status);
    }),
    { numRuns: 40 },
  );
  assert.ok(
    statuses.has("returned") && statuses.has("dead_lettered") && statuses.size >= 9,
    [...statuses].join(),
  );
});

test("more items than the limit are no answer at all", async () => {
  await given((lives) => {
    for (const source of ["a", "b", "c"]) lives.receive({ source });
  });
  assert.is((await ask({ by: "source", limit: 3 })).length, 3);
  assert.is(await queries.list({ ...DAY, by: "source", limit: 2 }), undefined);
});

test.run();
