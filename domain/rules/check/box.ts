// A box is a set of cells for each field; boxes are joined, united and compared here.

export type Cells = Uint32Array;

/** By number of the field; a field that is not restricted shares the space's own cells. */
export type Box = readonly Cells[];

export function cellsWhere(count: number, wanted: (cell: number) => boolean): Cells {
  const cells = new Uint32Array(Math.ceil(count / 32));
  for (let cell = 0; cell < count; cell += 1)
    if (wanted(cell)) cells[cell >> 5] = (cells[cell >> 5] as number) | (1 << (cell & 31));
  return cells;
}

/** The cells in both, or with `without` those of the first that are not in the second. */
export function joined(a: Cells, b: Cells, without = false): Cells {
  const cells = new Uint32Array(a.length);
  for (let w = 0; w < a.length; w += 1)
    cells[w] = (a[w] as number) & (without ? ~(b[w] as number) : (b[w] as number));
  return cells;
}

export function isEmpty(cells: Cells): boolean {
  for (let w = 0; w < cells.length; w += 1) if (cells[w] !== 0) return false;
  return true;
}

export function isWithin(a: Cells, b: Cells): boolean {
  if (a === b) return true;
  for (let w = 0; w < a.length; w += 1) if (((a[w] as number) & ~(b[w] as number)) !== 0) return false;
  return true;
}

export function touches(a: Cells, b: Cells): boolean {
  if (a === b) return true;
  for (let w = 0; w < a.length; w += 1) if (((a[w] as number) & (b[w] as number)) !== 0) return true;
  return false;
}

export function overlap(a: Box, b: Box): Box | undefined {
  for (let f = 0; f < a.length; f += 1) if (!touches(a[f] as Cells, b[f] as Cells)) return undefined;
  return a.map((cells, f) => (cells === b[f] ? cells : joined(cells, b[f] as Cells)));
}

export const overlaps = (a: Box, b: Box): boolean => a.every((cells, f) => touches(cells, b[f] as Cells));

export const overlapsOf = (some: readonly Box[], others: readonly Box[]): Box[] =>
  some.flatMap((a) => others.map((b) => overlap(a, b)).filter((box) => box !== undefined));

/** Boxes that differ in one field are one box. */
export function united(boxes: readonly Box[]): readonly Box[] {
  const found: Box[] = [];
  for (let box of boxes) {
    for (let at = 0; at < found.length; at += 1) {
      const together = union(found[at] as Box, box);
      if (together === undefined) continue;
      // What it has become may be united with those before.
      found.splice(at, 1);
      box = together;
      at = -1;
    }
    found.push(box);
  }
  return found;
}

/** Undefined where both together are no box. */
function union(a: Box, b: Box): Box | undefined {
  const outside = (of: Box, other: Box): number[] =>
    [...of.keys()].filter((f) => !isWithin(of[f] as Cells, other[f] as Cells));
  const [mine, its] = [outside(a, b), outside(b, a)];
  if (mine.length === 0) return b;
  if (its.length === 0) return a;
  const [only] = mine;
  if (mine.length > 1 || its.length > 1 || only === undefined || only !== its[0]) return undefined;
  return a.with(
    only,
    (a[only] as Cells).map((word, w) => word | ((b[only] as Cells)[w] as number)),
  );
}
