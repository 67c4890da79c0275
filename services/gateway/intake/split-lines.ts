// Splits a stream of bytes into lines, none longer than allowed.

/** `bytes` are what the line still holds of the stream; what was skipped is told of at once. */
export type Line = { readonly text: Buffer; readonly bytes: number } | { readonly tooLong: true };

const NEWLINE = 0x0a;

/** What is too long is skipped up to its end, so that the lines after it are still read. */
export async function* splitLines(
  stream: AsyncIterable<Buffer>,
  maxBytes: number,
  onSkipped: (bytes: number) => void = () => undefined,
): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let size = 0;
  let held = 0;
  const take = (part: Buffer): void => {
    size += part.length;
    held += part.length;
    if (size <= maxBytes) {
      parts.push(part);
      return;
    }
    parts = [];
    onSkipped(held);
    held = 0;
  };
  const finished = (newline: number): Line => {
    const isTooLong = size > maxBytes;
    if (isTooLong) onSkipped(newline);
    const line: Line = isTooLong ? { tooLong: true } : { text: Buffer.concat(parts), bytes: held + newline };
    parts = [];
    size = 0;
    held = 0;
    return line;
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, to));
      yield finished(1);
      from = to + 1;
    }
    take(chunk.subarray(from));
  }
  if (size > 0) yield finished(0);
}
