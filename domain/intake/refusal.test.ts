import { suite } from "uvu";
import { given as givenHistory } from "../fixtures/given.ts";
import { MemberId, SubmissionId } from "../ids.ts";
import { type IntakeEvent, RefusalId } from "./events.ts";
import { refusalDecider } from "./refusal.ts";

const id = RefusalId.parse("00000000-0000-8000-8000-000000000001");
const submission_id = SubmissionId.parse("00000000-0000-8000-8000-000000000002");
const at = "2026-01-01T00:00:00.000Z";
const message = {
  refusal_id: id,
  source: "shop",
  kind: "lead",
  sealed: { key: "k", iv: "", tag: "", data: "" },
} as const;
const refused: IntakeEvent = {
  type: "SubmissionRefused",
  data: { ...message, refused_at: at, reason: "unauthenticated", errors: [] },
};
const because = { reason: "too_large", errors: [] };
const again: IntakeEvent = {
  type: "SubmissionRefused",
  data: { ...message, refused_at: at, ...because, attempts: 2 },
};
const redriven: IntakeEvent = { type: "RefusalRedriven", data: { refusal_id: id, submission_id } };
const discarded: IntakeEvent = { type: "RefusalDiscarded", data: { refusal_id: id, reason: "a test" } };

const given = (...history: IntakeEvent[]) => givenHistory(refusalDecider, ...history);
const test = suite("a message that was refused");

test("is taken in after all, discarded, or refused again for another reason", () => {
  given(refused).when({ type: "take_in", id, submission_id }).then(redriven);
  given(refused).when({ type: "discard", id, reason: "a test" }).then(discarded);
  given(refused).when({ type: "refuse_again", because }).then(again);
  given(refused, again).when({ type: "take_in", id, submission_id }).then(redriven);
});

test("of a reply is taken in as the member's that sent it, or refused again", () => {
  const reply = { refusal_id: id, campaign: "spring", sealed: message.sealed, refused_at: at } as const;
  const first: IntakeEvent = { type: "ReplyRefused", data: { ...reply, reason: "not_found", errors: [] } };
  const member_id = MemberId.parse("00000000-0000-8000-8000-000000000003");
  const taken: IntakeEvent = { type: "ReplyRedriven", data: { refusal_id: id, member_id } };
  given(first)
    .when({ type: "refuse_again", because })
    .then({ type: "ReplyRefused", data: { ...reply, ...because, attempts: 2 } });
  given(first).when({ type: "take_in_reply", id, member_id }).then(taken);
  given(first, taken).when({ type: "discard", id, reason: "a test" }).thenRefused("not_refused");
});

test("is over after that", () => {
  for (const history of [[], [refused, redriven], [refused, discarded]])
    for (const command of [
      { type: "take_in", id, submission_id },
      { type: "discard", id, reason: "a test" },
      { type: "refuse_again", because },
    ] as const)
      given(...history)
        .when(command)
        .thenRefused("not_refused");
});

test.run();
