import { type Box, type Cells, isWithin, joined, touches } from "./box.ts";

// What of a box some others leave over, within a budget.

/** Counts what a search may still cost; one that is used up has no answer. */
export interface Budget {
  left: number;
  /** The boxes that an answer "covered" rests on are added here. */
  used?: Set<Box>;
}

export class GaveUp extends Error {
  override name = "GaveUp";
}

/** A part of the box that none of the others covers; undefined where together they cover all of it. */
export function uncovered(box: Box, others: readonly Box[], budget: Budget): Box | undefined {
  return search(
    box,
    others.map((other) => ({ box: other, bound: boundFields(other, box) })),
    budget,
  );
}

interface Cover {
  readonly box: Box;
  /** The fields by which a submission can lie outside of it. */
  readonly bound: readonly number[];
}

const boundFields = (other: Box, box: Box): number[] =>
  [...other.keys()].filter((f) => !isWithin(box[f] as Cells, other[f] as Cells));

/**
 * Every submission has to lie outside of each cover by one field at least. A cover with one way out leaves no choice; among those
 * with several, the one with the fewest is tried first.
 */
function search(from: Box, covers: readonly Cover[], budget: Budget): Box | undefined {
  let open = from;
  let left = covers;
  for (;;) {
    const next: Cover[] = [];
    let fewest: { readonly cover: Cover; readonly exits: readonly number[] } | undefined;
    let forced = false;
    budget.left -= left.length + 1;
    if (budget.left < 0) throw new GaveUp("the rules are too many or too entangled to be compared");
    for (const cover of left) {
      const exits = exitsFrom(open, cover);
      if (exits === undefined) continue;
      const [only] = exits;
      if (exits.length < 2) budget.used?.add(cover.box);
      if (only === undefined) return undefined;
      if (exits.length === 1) {
        open = open.with(only, joined(open[only] as Cells, cover.box[only] as Cells, true));
        forced = true;
        continue;
      }
      next.push(cover);
      if (fewest === undefined || exits.length < fewest.exits.length) fewest = { cover, exits };
    }
    left = next;
    if (forced) continue;
    if (fewest === undefined) return open;
    const { cover, exits } = fewest;
    const others = left.filter((one) => one !== cover);
    budget.used?.add(cover.box);
    for (const f of exits) {
      const inside = cover.box[f] as Cells;
      const found = search(open.with(f, joined(open[f] as Cells, inside, true)), others, budget);
      if (found !== undefined) return found;
      open = open.with(f, joined(open[f] as Cells, inside));
    }
    return undefined;
  }
}

/** The fields by which what is open can still get out of the cover; undefined where it is outside already. */
function exitsFrom(open: Box, { box, bound }: Cover): number[] | undefined {
  const exits: number[] = [];
  for (const f of bound) {
    const [mine, its] = [open[f] as Cells, box[f] as Cells];
    if (!touches(mine, its)) return undefined;
    if (!isWithin(mine, its)) exits.push(f);
  }
  return exits;
}
