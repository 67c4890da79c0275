// Headers of a message of ours, written at once: the client's own container looks at each name and each value several times.
import type { MsgHdrs } from "nats";

/** What publishing needs of headers; the client's types do not show it. */
interface Written {
  encode(): Uint8Array;
}

const LINE_BREAK = /[\r\n]/;

/** Good for publishing, and for nothing else. */
export function writtenHeaders(headers: Readonly<Record<string, string>>): MsgHdrs {
  let text = "NATS/1.0\r\n";
  for (const [name, value] of Object.entries(headers)) {
    if (LINE_BREAK.test(value)) throw new Error(`the header ${name} has a line break in it`);
    text += `${name}: ${value}\r\n`;
  }
  const bytes = Buffer.from(`${text}\r\n`);
  const written: Written = { encode: () => bytes };
  return written as unknown as MsgHdrs;
}
