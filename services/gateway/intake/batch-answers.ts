// The answers to the lines of a batch, in their order, each as soon as it and those before it are known.
//
// 1. Nothing is read that is not asked for: while nobody reads the answers, no more lines are read, and what is held stays within its share.
// 2. A batch ends by itself: one that sends nothing, finds no room or goes on too long gets a last line that says so.
import type { Readable } from "node:stream";
import { isRefusal, type Refusal, Refused, refusal } from "../refusal.ts";
import type { BatchShare } from "./batch-budget.ts";
import { arrivalOf, keyOf, MAX_LINE_BYTES, responseLine } from "./batch-line.ts";
import type { Arrival, Intake } from "./receive.ts";
import { type Line, splitLines } from "./split-lines.ts";

export const MAX_LINES = 10_000;
/** So that who sends only these is told to end as well. */
const MAX_BLANK_LINES = MAX_LINES;
/** Of one batch, at once; it shares the store with everybody else. */
const MAX_IN_FLIGHT = 128;
const MAX_SILENT_MS = 10_000;
/** Shorter than the server gives any request, which it would end without a word. */
const MAX_BATCH_MS = 240_000;

const TOO_MANY_LINES = refusal("too_large", {
  detail: `At most ${MAX_LINES} lines are read at once; send the others in another request`,
});
const TOO_SILENT = refusal("too_slow", {
  detail: `Nothing came for ${MAX_SILENT_MS / 1_000} s; send the lines that have no answer again, with the same keys`,
});
const TOO_LONG = refusal("too_slow", {
  detail: `A batch may take ${MAX_BATCH_MS / 1_000} s; send the lines that have no answer again, with the same keys`,
});
const NO_ROOM = refusal("overloaded", {
  detail: "Too many batches are under way; send the lines that have no answer again, with the same keys",
  retryAfterS: 1,
});

export interface Batch {
  readonly body: Readable;
  readonly source: Arrival["source"];
  readonly share: BatchShare;
  readonly intake: Intake;
}

interface InFlight {
  readonly bytes: number;
  answer?: string;
}

/** Returns whether all of the body was read or may be dropped. */
export async function* batchAnswers({ body, source, share, intake }: Batch): AsyncGenerator<string, boolean> {
  const inFlight: InFlight[] = [];
  let number = 0;
  let blanks = 0;
  let why: Refusal | undefined;
  let isRead = false;
  /** Wakes who waits for the first answer, and who waits until fewer are in flight. */
  let onKnown = (): void => undefined;
  let onFewer = (): void => undefined;

  function begin(line: Line): void {
    number += 1;
    const bytes = "text" in line ? line.bytes : 0;
    const isBlank = "text" in line && line.text.toString("latin1").trim() === "";
    if (isBlank) blanks += 1;
    if (blanks > MAX_BLANK_LINES || number - blanks > MAX_LINES) why = TOO_MANY_LINES;
    if (why !== undefined || isBlank) {
      share.giveBack(bytes);
      return;
    }
    const one: InFlight = { bytes };
    inFlight.push(one);
    void receiveLine(number, source, arrivalOf(line, source), intake).then((answer) => {
      one.answer = answer;
      if (one === inFlight[0]) onKnown();
    });
  }

  async function read(): Promise<void> {
    try {
      for await (const line of splitLines(pacedChunks(body, share), MAX_LINE_BYTES, share.giveBack)) {
        begin(line);
        if (why !== undefined) break;
        while (inFlight.length >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => (onFewer = resolve));
      }
    } catch (error) {
      // Else the sender went away; the lines that came whole are received all the same.
      if (error instanceof Refused) why = error.refusal;
    }
    isRead = true;
    onKnown();
  }

  function takeReady(): { readonly text: string; readonly bytes: number } {
    let text = "";
    let bytes = 0;
    for (let first = inFlight[0]; first?.answer !== undefined; first = inFlight[0]) {
      text += first.answer;
      bytes += first.bytes;
      inFlight.shift();
    }
    return { text, bytes };
  }

  void read();
  while (!isRead || inFlight.length > 0) {
    const { text, bytes } = takeReady();
    if (text === "") {
      await new Promise<void>((resolve) => (onKnown = resolve));
      continue;
    }
    yield text; // 1
    share.giveBack(bytes);
    onFewer();
  }
  const isTooMany = why === TOO_MANY_LINES;
  if (why !== undefined) yield responseLine(isTooMany ? number : number + 1, undefined, why);
  return why === undefined || isTooMany;
}

async function* pacedChunks(body: Readable, share: BatchShare): AsyncGenerator<Buffer> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const endsAt = performance.now() + MAX_BATCH_MS;
  for (;;) {
    await within(share.room(), MAX_SILENT_MS, NO_ROOM);
    const left = endsAt - performance.now();
    const next = await within(
      chunks.next(),
      Math.min(MAX_SILENT_MS, left),
      left < MAX_SILENT_MS ? TOO_LONG : TOO_SILENT,
    ); // 2
    if (next.done === true) return;
    share.take(next.value.length);
    yield next.value;
  }
}

function within<T>(work: Promise<T>, ms: number, otherwise: Refusal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Refused(otherwise)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function receiveLine(
  number: number,
  source: Arrival["source"],
  arrival: Arrival | Refusal,
  intake: Intake,
): Promise<string> {
  if (isRefusal(arrival))
    return responseLine(number, undefined, intake.refuse({ source, kind: undefined }, arrival));
  const result = await intake.receive(arrival).catch(() => refusal("internal"));
  return responseLine(number, keyOf(arrival), result);
}
