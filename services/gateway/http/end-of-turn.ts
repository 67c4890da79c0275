// Work that became ready in one turn of the event loop is resumed together at the turn's end: the same code, run for many requests one
// right after the other, finds itself and its data still in the processor's caches. See docs/decisions/0045.

let ready: (() => void)[] = [];

export function atEndOfTurn(resume: () => void): void {
  ready.push(resume);
  if (ready.length === 1) setImmediate(resumeAll);
}

function resumeAll(): void {
  const all = ready;
  ready = [];
  for (const resume of all) resume();
}
