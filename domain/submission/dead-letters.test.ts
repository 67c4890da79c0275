import { suite } from "uvu";
import type { SubmissionEvent } from "./events.ts";
import {
  correct,
  corrected,
  deadAt,
  deliverAgain,
  deliveryId,
  edu,
  fin,
  given,
  id,
  identified,
  identifiedOnTheWay,
  identify,
  laterLeg,
  received,
  reconciled,
  reconciliation,
  record,
  redriven,
  rejected,
  rejection,
  retagged,
  routed,
  routeTo,
  toEdu,
} from "./fixtures/story.ts";

const test = suite("submission that is a dead letter, was one, or is in doubt");

test("is given up before it is routed", () => {
  given(received)
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .decides(deadAt("identify"));
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .refuses("already_routed");
  given(received, identified, routed(routeTo(edu)), rejected)
    .when({ type: "dead_letter", stage: "identify", reason: "exhausted", attempts: 3 })
    .refuses("already_ended");
});

test("comes back from the dead letters to its stage", () => {
  given(received, deadAt("identify")).when({ type: "redrive" }).decides(redriven("identify"));
  given(received, deadAt("identify"), redriven("identify"))
    .when(identify(toEdu))
    .decides(identifiedOnTheWay, routed(routeTo(edu)));
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
});

test("comes back to the same partner with attempts of its own, and to it as the delivery that it was", () => {
  const history = [received, identified, routed(routeTo(edu)), deadAt("deliver", edu)];
  given(...history)
    .when({ type: "redrive" })
    .decides(redriven("deliver", edu));
  given(...history, redriven("deliver", edu))
    .when(deliverAgain)
    .decides(laterLeg({ ...routeTo(edu, 2), sent_as: deliveryId(edu, 1) }));
  const again = [redriven("deliver", edu), laterLeg({ ...routeTo(edu, 2), sent_as: deliveryId(edu, 1) })];
  given(...history, ...again, deadAt("deliver", edu), redriven("deliver", edu))
    .when(deliverAgain)
    .decides(laterLeg({ ...routeTo(edu, 3), sent_as: deliveryId(edu, 1) }));
  given(...history, redriven("deliver", edu))
    .when(record(rejection(edu)))
    .refuses("already_ended");
  given(...history)
    .when(deliverAgain)
    .refuses("nothing_to_deliver");
});

test("goes to the next partner under an id of its own, also after it was fetched back", () => {
  const second = { ...routeTo(edu, 2, [fin]), sent_as: deliveryId(edu, 1) };
  given(
    received,
    identified,
    routed(routeTo(edu, 1, [fin])),
    deadAt("deliver", edu),
    redriven("deliver", edu),
    laterLeg(second),
  )
    .when(record(rejection(edu, 2)))
    .decides(laterLeg(routeTo(fin, 3)));
});

test("is fetched back once", () => {
  given(received, deadAt("route"), redriven("route")).when({ type: "redrive" }).refuses("not_dead_lettered");
});

test("is discarded, and never fetched back", () => {
  const discarded: SubmissionEvent = {
    type: "SubmissionDiscarded",
    data: { submission_id: id, stage: "deliver", partner: edu, reason: "a test" },
  };
  const history = [received, identified, routed(routeTo(edu)), deadAt("deliver", edu)];
  given(...history)
    .when({ type: "discard", reason: "a test" })
    .decides(discarded);
  for (const command of [{ type: "redrive" }, { type: "discard", reason: "again" }, correct] as const)
    given(...history, discarded)
      .when(command)
      .refuses("not_dead_lettered");
  given(received, identified, routed(routeTo(edu)))
    .when({ type: "discard", reason: "too early" })
    .refuses("not_dead_lettered");
});

test("is put right where its partner declined it, and sent as another delivery", () => {
  const history = [received, identified, routed(routeTo(edu)), rejected];
  given(...history)
    .when(correct)
    .decides(corrected, redriven("deliver", edu));
  const { type, data } = laterLeg(routeTo(edu, 2)) as Extract<SubmissionEvent, { type: "SubmissionRouted" }>;
  given(...history, corrected, redriven("deliver", edu))
    .when(deliverAgain)
    .decides({ type, data: { ...data, sealed: retagged } });
  given(...history)
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
});

test("is put right where it was never sent, and not where its partner may have it", () => {
  given(received, deadAt("identify")).when(correct).decides(corrected, redriven("identify"));
  const sent = [received, identified, routed(routeTo(edu))];
  given(...sent, deadAt("deliver", edu, { cause: "poison" }))
    .when(correct)
    .decides(corrected, redriven("deliver", edu));
  for (const cause of ["retries_exhausted", "outcome_unknown"] as const)
    given(...sent, deadAt("deliver", edu, { cause }))
      .when(correct)
      .refuses("not_to_be_corrected");
  given(...sent)
    .when(correct)
    .refuses("not_dead_lettered");
});

test("whose outcome is unknown is held until somebody has found out", () => {
  const history = [
    received,
    identified,
    routed(routeTo(edu)),
    deadAt("deliver", edu, { cause: "outcome_unknown" }),
  ];
  given(...history)
    .when({ type: "redrive" })
    .refuses("outcome_unknown");
  given(...history)
    .when(record(reconciliation("delivered")))
    .decides(reconciled("delivered"));
  given(...history, reconciled("delivered"))
    .when({ type: "redrive" })
    .refuses("not_dead_lettered");
  given(...history)
    .when(record(reconciliation("not_delivered")))
    .decides(reconciled("not_delivered"));
  given(...history, reconciled("not_delivered"))
    .when({ type: "redrive" })
    .decides(redriven("deliver", edu));
  given(...history, reconciled("not_delivered"))
    .when(record(reconciliation("delivered")))
    .refuses("already_ended");
  given(...history)
    .when(record(reconciliation("delivered", 2)))
    .refuses("another_leg");
});

test.run();
