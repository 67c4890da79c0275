import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { SubmissionId } from "#domain/ids.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { type OpenedLettersParts, openedLetters } from "./payload.ts";
import type { DeadLetterRow } from "./projection.ts";

const test = suite("what a dead letter was about");

const sealedAs = (key: string): Sealed => ({ key, iv: "iv", data: "data", tag: "tag" });
const row = (stage: DeadLetterRow["stage"] = "deliver"): DeadLetterRow =>
  ({ id: newUuid(), stage, campaign: null, added: null }) as unknown as DeadLetterRow;

/** Opens what is sealed under any key but "gone" as the name of its key. */
function parts(kept: ReadonlyMap<string, Sealed>, inTheLog: Sealed = sealedAs("log")) {
  const read: string[] = [];
  const used: OpenedLettersParts = {
    vault: {
      openReadable: (items) =>
        Promise.resolve(items.map(({ sealed }) => (sealed.key === "gone" ? undefined : sealed.key))),
    },
    eventStore: {
      readStream: () => Promise.reject(new Error("not asked")),
      readStreamBackwards: (stream) => {
        read.push(stream);
        return Promise.resolve([{ data: { sealed: inTheLog } } as unknown as StoredEvent]);
      },
    },
    keptPayloads: (ids) => Promise.resolve(new Map([...kept].filter(([id]) => ids.includes(id)))),
  };
  return { read, used };
}

test("payloads that the rows of leads have are not read from the log", async () => {
  const [one, two] = [row(), row("identify")];
  const { read, used } = parts(
    new Map([
      [one.id, sealedAs("person")],
      [two.id, sealedAs("intake")],
    ]),
  );
  assert.equal(await openedLetters([one, two], used), ["person", "intake"]);
  assert.equal(read, []);
});

test("what the rows lack, or have under a key that is gone, is read from the log, in its place", async () => {
  const [known, missing, old] = [row(), row(), row()];
  const { read, used } = parts(
    new Map([
      [known.id, sealedAs("person")],
      [old.id, sealedAs("gone")],
    ]),
  );
  assert.equal(await openedLetters([missing, known, old], used), ["log", "person", "log"]);
  const streams = [missing, old].map(({ id }) => `submission-${SubmissionId.parse(id)}`);
  assert.equal(read.sort(), streams.sort());
});

test("whoever is forgotten stays so: neither the rows nor the log can be opened", async () => {
  const forgotten = row();
  const { used } = parts(new Map([[forgotten.id, sealedAs("gone")]]), sealedAs("gone"));
  assert.equal(await openedLetters([forgotten], used), [undefined]);
});

test.run();
