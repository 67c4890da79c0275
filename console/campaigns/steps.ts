// Steps while they are written: each keeps its place, and who leads to it goes on doing so when it is called otherwise.
import type { Step } from "./shapes.ts";

const TARGETS = ["next", "on_reply", "otherwise"] as const;

type Written = Readonly<Record<string, unknown>>;

/** With every step that leads to `from` leading to `to`. */
function renamed(steps: readonly unknown[], from: string, to: string): readonly unknown[] {
  return steps.map((step) => {
    const was = step as Written;
    const targets = TARGETS.filter((name) => was[name] === from).map((name) => [name, to]);
    const cases = Array.isArray(was.cases)
      ? { cases: (was.cases as Written[]).map((one) => (one.next === from ? { ...one, next: to } : one)) }
      : {};
    return { ...was, ...Object.fromEntries(targets), ...cases };
  });
}

/** A step is put in the place of another. Where its id was its own, the others follow it. */
export function changed(steps: readonly unknown[], at: number, step: unknown): readonly unknown[] {
  const ids = steps.map(idOf);
  const [from, to] = [ids[at] ?? "", idOf(step)];
  const isOwn = from !== "" && to !== "" && from !== to && ids.filter((id) => id === from).length === 1;
  const next = steps.map((one, n) => (n === at ? step : one));
  return isOwn && !ids.includes(to) ? renamed(next, from, to) : next;
}

export function moved(steps: readonly unknown[], at: number, by: 1 | -1): readonly unknown[] {
  const next = [...steps];
  const [step] = next.splice(at, 1);
  next.splice(at + by, 0, step);
  return next;
}

/** "send", and "send-2" where there is one. */
export function newId(steps: readonly unknown[], type: string): string {
  const ids = new Set(steps.map(idOf));
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? type : `${type}-${n}`;
    if (!ids.has(id)) return id;
  }
}

export const idOf = (step: unknown): string => {
  const { id } = (step ?? {}) as Partial<Step>;
  return typeof id === "string" ? id : "";
};
