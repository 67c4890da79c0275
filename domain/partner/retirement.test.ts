import { suite } from "uvu";
import type { PartnerEvent } from "./events.ts";
import {
  about,
  edu,
  failed,
  given,
  giveUp,
  opened,
  reconciled,
  start,
  started,
  succeeded,
  T0,
  unknownEnd,
} from "./fixtures/deliveries.ts";

const test = suite("a partner that was removed");

const retire = { type: "retire", partner: edu, at: T0 } as const;
const retired: PartnerEvent = { type: "PartnerRetired", data: { partner: edu } };

test("a removed partner's mail becomes a dead letter", () => {
  given()
    .when(giveUp(1))
    .then({
      type: "DeliveryDeadLettered",
      data: { ...about(1), attempts: 0, reason: "gone", cause: "partner_removed" },
    });
});

test("a removed partner retires when all that it began has ended", () => {
  given(started(1)).when(retire).thenRefused("not_ended");
  given(started(1), failed(1, 1, 0))
    .when(retire)
    .thenRefused("not_ended");
  given(started(1), succeeded(1)).when(retire).then(retired);
  given(retired).when(retire).then(retired);
});

test("who comes after a retired partner begins anew, and is still sent nothing twice", () => {
  const history = [started(1, 1, "same"), succeeded(1), opened(9_000, "x"), retired];
  given(...history)
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
  given(...history)
    .when(start(1))
    .thenRefused("already_ended");
});

test("what a retired partner was found to have is no duplicate for who has its id now", () => {
  given(started(1, 1, "same"), unknownEnd, retired, reconciled("delivered"))
    .when(start(2, { key: "same" }))
    .then(started(2, 1, "same"));
});

test.run();
