// The compiler: takes each change of the rules from its mailbox, compiles the set once, and writes the code for all routers. It checks
// nothing, which takes minutes for some sets: the gateway has looked for conflicts before, in a thread of its own.
import { createHash } from "node:crypto";
import { compileRules } from "#domain/rules/compile/compile.ts";
import {
  type CompiledEvent,
  compiledEvents,
  RULESET_COMPILED_STREAM,
  RULESET_STREAM,
  rulesetEvents,
} from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import type { Mail } from "#platform/bus/mail.ts";
import { RULES_MAILBOX, RULES_SUBJECTS } from "#platform/bus/subjects.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { every } from "#platform/every.ts";
import { decodeKnown } from "#platform/fold-stream.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { startStep } from "#platform/start-step.ts";
import { transact } from "#platform/transact.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { compileShadows } from "./shadow.ts";
import { sourceInEvent } from "./source-in-event.ts";

const changes = createCodec(rulesetEvents);
const codec = createCodec(compiledEvents);
const ACK_WAIT_MS = 30_000;
const LOOK_EVERY_MS = 10_000;
const AFTER_FAILURE_MS = 1_000;

export async function startCompiler(yard: Yard): Promise<Serving> {
  const { log, eventStore, bus, lifecycle } = yard;
  const store = eventStore();

  /** Only the newest set matters: a change that another has followed is compiled by nobody. */
  async function compileNewest(): Promise<void> {
    const newest = await newestRuleset(store);
    if (newest.version === 0) return;
    const event = compiled(newest);
    const written = await transact<number, CompiledEvent, { accepted: false; reason: "already_compiled" }>({
      eventStore: store,
      stream: RULESET_COMPILED_STREAM,
      load: () => compiledVersion(store),
      evolve: (_before, { data }) => data.version,
      decide: (version) =>
        version >= newest.version
          ? { accepted: false, reason: "already_compiled" }
          : { accepted: true, events: [event] },
      encode: (events) =>
        events.map((one) =>
          codec.encode(one, {
            id: deterministicUuid(RULESET_COMPILED_STREAM, `${newest.version}`, one.type),
            at: new Date().toISOString(),
          }),
        ),
    });
    if (!written.accepted) return;
    const { version } = newest;
    if (event.type === "RulesetCompiled")
      log.info({ version, rules: newest.rules.length, ms: event.data.ms }, "rules compiled");
    else
      log.error({ version, reason: event.data.reason }, "rules not compiled, the set before stays in force");
  }

  async function onBatch(mails: Mail[]): Promise<void> {
    try {
      await compileNewest();
      for (const mail of mails) mail.ack();
    } catch (error) {
      log.warn({ err: error }, "rules not compiled yet");
      for (const mail of mails) mail.nak(AFTER_FAILURE_MS);
    }
  }

  const connected = await bus();
  const mailbox = await startStep(yard, "mailbox", () =>
    connected.mailbox({
      name: RULES_MAILBOX,
      filter: RULES_SUBJECTS,
      onBatch,
      maxBatch: 64,
      maxAckPending: 64,
      ackWaitMs: ACK_WAIT_MS,
    }),
  );
  // A change whose mail was lost, or that came before this mailbox was there, is found by looking.
  const stopLooking = every({
    ms: LOOK_EVERY_MS,
    atOnce: true,
    work: compileNewest,
    onError: (error) => log.warn({ err: error }, "rules not compiled yet"),
  });
  await compileShadows(yard);
  lifecycle.own("compiler", async () => {
    stopLooking();
    await mailbox.close();
  });
  return {};
}

async function newestRuleset(store: EventStore): Promise<Ruleset> {
  const [stored] = await store.readStreamBackwards(RULESET_STREAM, 1);
  return stored === undefined
    ? ruleset.initial
    : ruleset.evolve(ruleset.initial, decodeKnown(changes)(stored));
}

async function compiledVersion(
  store: EventStore,
): Promise<{ state: number; revision: bigint | "no_stream" }> {
  const [stored] = await store.readStreamBackwards(RULESET_COMPILED_STREAM, 1);
  if (stored === undefined) return { state: 0, revision: "no_stream" };
  return { state: decodeKnown(codec)(stored).data.version, revision: stored.revision };
}

function compiled({ version, rules }: Ruleset): CompiledEvent {
  const began = performance.now();
  try {
    const { source } = compileRules(rules);
    const ms = Math.round(performance.now() - began);
    const hash = createHash("sha256").update(source).digest("hex");
    return {
      type: "RulesetCompiled",
      data: {
        version,
        compiled_at: new Date().toISOString(),
        hash,
        findings: {},
        ms,
        ...sourceInEvent(source),
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    return { type: "RulesetNotCompiled", data: { version, reason } };
  }
}
