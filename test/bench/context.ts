// `npm run bench -- context [--objects <count>] [--entries <count>]`: what a router looks up for submissions, on a real event store and a
// real vault: context objects from the log and from memory, and suppression lists.
import { hash } from "node:crypto";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { ContextKind, contextEvents, contextStream } from "#domain/context/context.ts";
import { contextDomain, contextKey, contextObjectContext } from "#domain/seal-contexts.ts";
import {
  CHUNK,
  SUPPRESSION_DOMAIN,
  SUPPRESSION_LIST_STREAM,
  SuppressionList,
  suppressionEvents,
  suppressionListEvents,
  suppressionStream,
} from "#domain/suppression/list.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Yard } from "#platform/yard.ts";
import { openContexts, type Wanted } from "../../services/leads/contexts.ts";
import { openSuppressions } from "../../services/leads/suppressions.ts";
import { startParts, startTestGateway } from "../gateway/gateway.ts";

const order = ContextKind.parse("order");
const list = SuppressionList.parse("bench");
const at = "2026-01-01T00:00:00.000Z";
/** As many submissions as a router takes at a time, each with one object. */
const BATCH = 512;
const LOOKUPS = 500_000;
const fields = {
  total: 80,
  paid: true,
  lines: [{ sku: "a-1", count: 2 }],
  address: { city: "Graz", zip: "8010" },
};
const emailOf = (n: number): string => `person-${n}@example.org`;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      objects: { type: "string", default: "50000" },
      entries: { type: "string", default: "200000" },
    },
  });
  const [objects, entries] = [Number(values.objects), Number(values.entries)];
  const parts = await startParts();
  const yard = await startTestGateway(parts);
  const ending = new AbortController();
  try {
    await putObjects(yard, objects);
    await upload(yard, entries);
    const vault = await yard.vault();
    const looking = { eventStore: yard.eventStore(), vault, signal: ending.signal };
    console.log(`load of the machine ${loadavg()[0]?.toFixed(1)}; wanted: 10,000 look-ups/s`);

    const position = await yard.eventStore().head();
    const contexts = await openContexts(looking);
    const all = async (wanted: (n: number) => Wanted): Promise<void> => {
      for (let from = 0; from < objects; from += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, objects - from) }, (_, n) => wanted(from + n));
        const found = await contexts.lookUp(batch);
        const missing = found.indexOf(undefined);
        if (missing >= 0) throw new Error(`object ${from + missing} was not found`);
      }
    };
    const wanted = (n: number): Wanted => ({ reference: { kind: order, id: `${n}` }, position });
    await measured("context objects, read from the log", objects, () => all(wanted));
    await measured("context objects, at hand", objects, () => all(wanted));

    const began = performance.now();
    const suppressions = await openSuppressions(looking);
    console.log(
      `a list of ${entries.toLocaleString("en")} read from the log in ${((performance.now() - began) / 1_000).toFixed(1)} s`,
    );
    await measured("suppression list, at hand", LOOKUPS, async () => {
      let named = 0;
      for (let n = 0; n < LOOKUPS; n += 1)
        if (suppressions.suppressed({ email: emailOf(n % (2 * entries)) }, 0)?.[list]) named += 1;
      if (named === 0 || named === LOOKUPS) throw new Error(`the list names ${named} of ${LOOKUPS}`);
    });
  } finally {
    ending.abort();
    await yard.stop();
    await parts.stop();
  }
}

async function measured(what: string, count: number, work: () => Promise<void>): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const [began, cpuBefore] = [performance.now(), process.cpuUsage()];
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1e6;
  const perSecond = (spent: number): string => Math.round(count / spent).toLocaleString("en");
  console.log(
    `${what.padEnd(36)} ${perSecond(seconds).padStart(9)}/s ${perSecond(cpuSeconds).padStart(9)}/CPU s, ` +
      `${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB more`,
  );
}

const codec = createCodec(contextEvents);

async function putObjects(yard: Pick<Yard, "eventStore" | "vault">, count: number): Promise<void> {
  const vault = await yard.vault();
  const streamOf = (n: number): string =>
    contextStream(order, vault.fingerprint(contextDomain(order), `${n}`));
  for (let from = 0; from < count; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => from + n);
    await vault.ensureKeys(numbers.map((n) => contextKey(streamOf(n), 0)));
    await Promise.all(
      numbers.map(async (n) => {
        const stream = streamOf(n);
        const sealed = await vault.seal(
          contextKey(stream, 0),
          { id: `${n}`, fields },
          contextObjectContext(stream),
        );
        const put = {
          type: "ContextPut",
          data: { kind: order, generation: 0, source: null, sealed },
        } as const;
        const event = codec.encode(put, { id: deterministicUuid(stream, "0"), at });
        await yard.eventStore().append(stream, "no_stream", [event]);
      }),
    );
  }
}

async function upload(yard: Pick<Yard, "eventStore" | "vault">, count: number): Promise<void> {
  const [vault, store] = [await yard.vault(), yard.eventStore()];
  const upload = deterministicUuid("bench", "upload");
  const stream = suppressionStream(list, upload);
  const [chunks, lists] = [createCodec(suppressionEvents), createCodec(suppressionListEvents)];
  for (let from = 0; from < count; from += CHUNK) {
    const entries = Array.from({ length: Math.min(CHUNK, count - from) }, (_, n): [string, null] => [
      vault.fingerprint(SUPPRESSION_DOMAIN, hash("sha256", emailOf(from + n))),
      null,
    ]);
    const event = { type: "SuppressionsAdded", data: { list, upload, entries } } as const;
    await store.append(stream, "any", [
      chunks.encode(event, { id: deterministicUuid(stream, `${from}`), at }),
    ]);
  }
  const replaced = { type: "SuppressionListReplaced", data: { list, upload, at } } as const;
  await store.append(SUPPRESSION_LIST_STREAM, "any", [
    lists.encode(replaced, { id: deterministicUuid(stream, "replaced"), at }),
  ]);
}
