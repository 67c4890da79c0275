// Splits a stream of bytes into lines, none longer than allowed.

export type Line = { readonly text: Buffer } | { readonly tooLong: true };

const NEWLINE = 0x0a;

/** What is too long is skipped up to its end, so that the lines after it are still read. */
export async function* splitLines(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (part: Buffer): void => {
    size += part.length;
    if (size <= maxBytes) parts.push(part);
    else parts = [];
  };
  const finished = (): Line => {
    const line: Line = size > maxBytes ? { tooLong: true } : { text: Buffer.concat(parts) };
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, to));
      yield finished();
      from = to + 1;
    }
    take(chunk.subarray(from));
  }
  if (size > 0) yield finished();
}
