import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given as givenHistory } from "../fixtures/given.ts";
import { PartnerId } from "../ids.ts";
import { type DeadLetterEvent, deadLetterEvents, deadLetterRequest, RequestId } from "./request.ts";

const id = RequestId.parse("00000000-0000-8000-8000-000000000001");
const which = { stage: "deliver", partner: PartnerId.parse("edu") } as const;
const requested: DeadLetterEvent = { type: "RedriveRequested", data: { request_id: id, ...which } };
const carriedOut: DeadLetterEvent = { type: "RequestCarriedOut", data: { request_id: id } };

const given = (...history: DeadLetterEvent[]) => givenHistory(deadLetterRequest, ...history);
const test = suite("a request to move dead letters");

test("says which, and for a discard why", () => {
  given().when({ type: "redrive", id, which }).then(requested);
  given()
    .when({ type: "discard", id, which, reason: "a test" })
    .then({ type: "DiscardRequested", data: { request_id: id, ...which, reason: "a test" } });
});

test("is made once and carried out once", () => {
  given(requested).when({ type: "redrive", id, which }).thenRefused("already_requested");
  given(requested).when({ type: "carry_out", id }).then(carriedOut);
  given(requested, carriedOut).when({ type: "carry_out", id }).thenRefused("not_requested");
  given().when({ type: "carry_out", id }).thenRefused("not_requested");
});

test("is paused and resumed until it is carried out", () => {
  const paused: DeadLetterEvent = { type: "RequestPaused", data: { request_id: id } };
  const resumed: DeadLetterEvent = { type: "RequestResumed", data: { request_id: id } };
  given(requested).when({ type: "pause", id }).then(paused);
  given(requested, paused).when({ type: "pause", id }).then();
  given(requested, paused).when({ type: "carry_out", id }).thenRefused("not_requested");
  given(requested, paused).when({ type: "resume", id }).then(resumed);
  given(requested, paused, resumed).when({ type: "carry_out", id }).then(carriedOut);
  given(requested, carriedOut).when({ type: "pause", id }).thenRefused("carried_out");
  given().when({ type: "resume", id }).thenRefused("not_requested");
});

test("that names a cause waits in a release that would move all", () => {
  assert.is(deadLetterEvents.RedriveRequested.version, 2);
  const asBefore = { request_id: id, ...which };
  assert.equal(deadLetterEvents.RedriveRequested.upcasts[1](asBefore), asBefore);
  given()
    .when({ type: "redrive", id, which: { cause: "http_503" } })
    .then({ type: "RedriveRequested", data: { request_id: id, cause: "http_503" } });
});

test.run();
