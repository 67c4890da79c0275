import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId } from "../ids.ts";
import { type Admission, admit, restMs, type Traffic } from "./admission.ts";
import { type Circuit, closedCircuit } from "./circuit.ts";
import { PartnerConfig } from "./config.ts";
import type { ConfiguredPartner } from "./configured.ts";

const test = suite("how many deliveries a partner may get now");
const NOW = 1_000_000;
const forever = Number.POSITIVE_INFINITY;

const partner = (settings: object = {}, standing: ConfiguredPartner["standing"] = "active") => ({
  standing,
  config: PartnerConfig.parse({
    name: "Edu",
    delivery: { type: "http", url: "http://localhost/" },
    limits: { concurrency: 4 },
    idempotent: false,
    ...settings,
  }),
});
const idle: Traffic = {
  channelRestMs: 0,
  waiting: 100,
  underWay: 0,
  probing: 0,
  callMs: 100,
  tokens: 100,
  nextTokenMs: 0,
};
const open = (until: number): Circuit => ({ ...closedCircuit, state: "open", until });
const halfOpen: Circuit = {
  ...closedCircuit,
  state: "half_open",
  probe: DeliveryId.parse("00000000-0000-8000-8000-000000000001"),
};

const admitted = (
  traffic: Partial<Traffic> = {},
  { to = partner(), circuit = closedCircuit }: { to?: ReturnType<typeof partner>; circuit?: Circuit } = {},
): Admission => admit(to, circuit, { ...idle, ...traffic }, NOW);

const begins = (count: number): Admission => ({ type: "begin", count });
const waits = (ms: number): Admission => ({ type: "wait", ms });
const rests = (ms: number): Admission => ({ type: "rest", ms });

test("as many as may be called at once, less those under way", () => {
  assert.equal(admitted(), begins(4));
  assert.equal(admitted({ underWay: 3 }), begins(1));
  assert.equal(admitted({ waiting: 2 }), begins(2));
  assert.equal(admitted({ underWay: 4 }), waits(forever));
  // The limit was lowered meanwhile.
  assert.equal(admitted({ underWay: 9 }), waits(forever));
});

test("100 ms of its own speed more where the partner recognises repeats, and 256 more at most", () => {
  const to = partner({ idempotent: true });
  assert.equal(admitted({ callMs: 50 }, { to }), begins(4 + 8));
  assert.equal(admitted({ callMs: 400 }, { to }), begins(4 + 1));
  assert.equal(admitted({ callMs: 1, waiting: 1_000, tokens: 1_000 }, { to }), begins(4 + 256));
});

test("no more than the rate lets begin; then the next when it does", () => {
  assert.equal(admitted({ tokens: 2 }), begins(2));
  assert.equal(admitted({ tokens: 0, nextTokenMs: 40 }), waits(40));
  // Without room no token helps.
  assert.equal(admitted({ tokens: 0, nextTokenMs: 40, underWay: 4 }), waits(forever));
});

test("none while the circuit is open, for as long as it is", () => {
  assert.equal(admitted({}, { circuit: open(NOW + 700) }), rests(700));
});

test("one alone once the circuit's time is over, also while calls of before are under way", () => {
  assert.equal(admitted({}, { circuit: open(NOW) }), begins(1));
  assert.equal(admitted({ underWay: 4 }, { circuit: open(NOW) }), begins(1));
  assert.equal(admitted({ probing: 1 }, { circuit: open(NOW) }), waits(forever));
  assert.equal(admitted({ tokens: 0, nextTokenMs: 40 }, { circuit: open(NOW) }), waits(40));
});

test("none while the probe is under way", () => {
  assert.equal(admitted({}, { circuit: halfOpen }), waits(forever));
});

test("none of a paused or disabled partner, until someone configures it otherwise", () => {
  assert.equal(admitted({}, { to: partner({}, "paused") }), rests(forever));
  assert.equal(admitted({}, { to: partner({ enabled: false }) }), rests(forever));
  assert.is(restMs(partner({ enabled: false }), open(NOW + 5), 0, NOW), forever);
});

test("none while the channel can't be opened, which may be for ever", () => {
  assert.equal(admitted({ channelRestMs: 40 }), rests(40));
  assert.equal(admitted({ channelRestMs: forever }), rests(forever));
  assert.equal(admitted({ channelRestMs: 40 }, { circuit: open(NOW + 700) }), rests(700));
  assert.equal(admitted({ channelRestMs: forever }, { to: partner({}, "removed") }), begins(4));
});

test("all of a removed partner, whatever its circuit, rate or switch say: none of them is called", () => {
  const to = partner({ enabled: false }, "removed");
  assert.equal(admitted({ tokens: 0, nextTokenMs: 40 }, { to, circuit: open(NOW + 5) }), begins(4));
  assert.equal(admitted({ underWay: 4 }, { to, circuit: halfOpen }), waits(forever));
});

test.run();
