// What may happen to a campaign, in any order.
import fc from "fast-check";
import { campaign, members, sealed, type World } from "./any-history.ts";

const n = fc.nat(1);
const one = fc.constantFrom(...members);
export type Action = (world: World) => void;
export const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.goOn(at, id),
    ),
  },
  {
    weight: 3,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          void w.catchUp(at),
    ),
  },
  {
    weight: 1,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          w.crash(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: -5_000, max: 12_000 }).map(
      (ms): Action =>
        (w) =>
          w.passes(ms),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(n, one, fc.constantFrom("x", "y")).map(
      ([at, id, message]): Action =>
        (w) =>
          w.ask(at, {
            type: "reply",
            campaign,
            member_id: id,
            message: `${id}${message}`,
            sealed,
            at: new Date(0).toISOString(),
          }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(n, fc.subarray(members)).map(
      ([at, some]): Action =>
        (w) =>
          w.ask(at, {
            type: "add",
            campaign,
            members: some.map((member_id) => ({ member_id, sealed })),
            at: new Date(0).toISOString(),
          }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) => {
          const moves = w.owners[at]?.state.members.get(id)?.moves ?? 0;
          w.ask(at, { type: "fail", campaign, member_id: id, moves, reason: "r", attempts: 1, dead: true });
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.ask(at, { type: "redrive", campaign, member_id: id }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.goOnLater(at, id),
    ),
  },
  {
    weight: 2,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          w.makePlannedMove(at),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Action>((w) => w.redefine()) },
  {
    weight: 1,
    arbitrary: n.map(
      (at): Action =>
        (w) =>
          w.migrate(at),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(n, one).map(
      ([at, id]): Action =>
        (w) =>
          w.ask(at, { type: "discard", campaign, member_id: id, reason: "r" }),
    ),
  },
);
