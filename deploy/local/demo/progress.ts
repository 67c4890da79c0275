// How far the demo is: one line that is rewritten on a terminal, a line now and then elsewhere.

export interface Progress {
  show(line: string): void;
  /** The last line stays. */
  end(line: string): void;
}

const PLAIN_EVERY_MS = 1_000;

export function createProgress(out: NodeJS.WriteStream): Progress {
  let shownAt = Number.NEGATIVE_INFINITY;
  if (out.isTTY) {
    const rewrite = (line: string): void => void out.write(`\r\u001b[2K${line}`);
    return { show: rewrite, end: (line) => rewrite(`${line}\n`) };
  }
  return {
    show(line) {
      if (performance.now() - shownAt < PLAIN_EVERY_MS) return;
      shownAt = performance.now();
      out.write(`${line}\n`);
    },
    end: (line) => void out.write(`${line}\n`),
  };
}
