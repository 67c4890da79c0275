// The logs of several processes as one story: who lost, gained and took up what, and when.
import type { Worker } from "./workers.ts";

const SHOWN = new Set([
  "lease gained",
  "lease lost",
  "partition opened",
  "mail taken up",
  "identity writer overdue",
  "identity index loaded",
  "identity writer serving",
  "first identity questions answered",
  "stopping",
  "stopped",
]);

interface Line {
  readonly time: string;
  readonly msg: string;
  readonly instance: string;
  readonly [detail: string]: unknown;
}

const HIDDEN = new Set(["level", "time", "pid", "hostname", "msg", "instance", "role", "resource"]);

function linesOf({ log }: Worker): Line[] {
  return log()
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ msg }) => SHOWN.has(msg));
}

/** In milliseconds since `began`, which is on the clock of the wall. */
export function timelineOf(workers: readonly Worker[], began: number): string {
  const story = workers.flatMap(linesOf).map((line) => {
    const details = Object.entries(line).filter(([key]) => !HIDDEN.has(key));
    const at = Date.parse(line.time) - began;
    return { at, text: `${line.instance}: ${line.msg} ${JSON.stringify(Object.fromEntries(details))}` };
  });
  return story
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ at, text }) => `${`${at}`.padStart(8)} ms  ${text}`)
    .join("\n");
}
