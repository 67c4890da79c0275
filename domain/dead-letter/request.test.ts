import { suite } from "uvu";
import { given as givenHistory } from "../fixtures/given.ts";
import { PartnerId } from "../ids.ts";
import { type DeadLetterEvent, deadLetterRequest, RequestId } from "./request.ts";

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

test.run();
