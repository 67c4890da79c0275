import { suite } from "uvu";
import * as assert from "uvu/assert";
import { getNextTransitions } from "xstate";
import { memberStatuses } from "./events.ts";
import { memberMachine, nextMemberStatus } from "./machine.ts";

const test = suite("a member's life");

test("the table says what the machine says, from every state", () => {
  for (const status of memberStatuses) {
    const here = memberMachine.resolveState({ value: status });
    const ways = getNextTransitions(here).map(({ eventType }) => eventType);
    assert.ok(ways.length > 0);
    for (const type of ways) assert.ok(nextMemberStatus(status, { type } as never), `${status} ${type}`);
  }
});

test("whoever has ended goes on only as a dead letter that is fetched back", () => {
  for (const status of ["done", "failed", "cancelled"] as const)
    for (const type of ["MemberSendRequested", "MemberWaiting", "MemberDone", "MemberFailed"] as const)
      assert.is(nextMemberStatus(status, { type }), undefined);
  assert.is(nextMemberStatus("failed", { type: "MemberRedriven" }), "pending");
  assert.is(nextMemberStatus("done", { type: "MemberRedriven" }), undefined);
});

test("nobody is anything before being added, and nobody is added twice", () => {
  assert.is(nextMemberStatus(undefined, { type: "MembersAdded" }), "pending");
  assert.is(nextMemberStatus(undefined, { type: "MemberDone" }), undefined);
  assert.is(nextMemberStatus("pending", { type: "MembersAdded" }), undefined);
});

test.run();
