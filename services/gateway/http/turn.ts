// What came up in one turn of the event loop is gone on with together, at its end: the same code run for many, one right after the
// other, finds itself and its data still in the processor's caches. See docs/decisions/0045.

let waiting: (() => void)[] = [];

export function atTheTurn(goOn: () => void): void {
  waiting.push(goOn);
  if (waiting.length === 1) setImmediate(goOnTogether);
}

function goOnTogether(): void {
  const all = waiting;
  waiting = [];
  for (const goOn of all) goOn();
}
