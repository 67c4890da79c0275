// What was done and how long it took, a line each.

export interface Steps {
  /** Another step is done; its time counts from the start of all, since some go side by side. */
  done(what: string, detail: string): void;
  note(line: string): void;
  /** Seconds since the start. */
  total(): string;
}

export function createSteps(say: (line: string) => void): Steps {
  const start = performance.now();
  const total = (): string => ((performance.now() - start) / 1000).toFixed(1);
  return {
    done: (what, detail) => say(`${total().padStart(6)} s  ${what.padEnd(12)} ${detail}`),
    note: (line) => say(`          ${line}`),
    total,
  };
}
