import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import type { Member } from "#domain/campaign/member-state.ts";
import { CampaignId, MemberId, StepId } from "#domain/ids.ts";
import { beginningOf, isPlain, nextMove, type Over } from "./next-move.ts";

const test = suite("what a member does next");

const id = MemberId.parse("00000000-0000-8000-8000-000000000001");
const [mail, rest] = [StepId.parse("mail"), StepId.parse("rest")];
const definition = CampaignDefinition.parse({
  name: "c",
  steps: [
    { id: "rest", type: "wait", for: "1h" },
    { id: "mail", type: "send", partner: "p" },
  ],
});
const configured: ConfiguredCampaign = {
  standing: "running",
  version: 1,
  definition,
  versions: new Map([[1, definition]]),
  migrations: [],
};
const nobodyIsSealed = {
  campaign: CampaignId.parse("c"),
  vault: { seal: () => Promise.reject(new Error("nothing is sealed")), sealCached: () => undefined },
};
const at: Member = { status: "pending", added: { revision: 0, n: 0 }, version: 1, moves: 1, redrives: 0 };

const moveOf = (member: Member, over?: Over) =>
  nextMove(
    {
      id,
      member,
      beginning: beginningOf(configured, member, over),
      opened: undefined,
      mayBegin: () => false,
      concurrency: 1,
      at: 0,
    },
    nobodyIsSealed,
  );

test("comes to a send that may not begin: it is stored as ready to be sent to, and stays where it is if it is already", async () => {
  const waiting: Member = { ...at, status: "waiting", step: rest, wait: { due: 0, ends_by_reply: false } };
  for (const command of [await moveOf(waiting, { how: "timed_out" }), await moveOf({ ...at, step: mail })]) {
    assert.is(command?.type, "move");
    assert.equal(command?.type === "move" && command.to, {
      type: "ready",
      version: 1,
      step: mail,
      sends: true,
    });
  }
  assert.is(await moveOf({ ...at, step: mail, is_to_send: true }), undefined);
});

test("needs nobody's fields to come to a wait or an end", () => {
  assert.ok(isPlain(beginningOf(configured, { ...at, version: 0 }, undefined)));
  assert.ok(isPlain({ definition, version: 1, from: undefined, left: undefined }));
  assert.not.ok(isPlain(beginningOf(configured, { ...at, step: mail }, undefined)));
});

test.run();
