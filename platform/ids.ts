// Ids: fresh ones, and ones that the same parts always give again.
import { hash, randomFillSync, randomUUID } from "node:crypto";

export function newUuid(): string {
  return randomUUID();
}

const SPAN_BYTES = 8;
/** Random bytes cost as much by the dozen as by the thousand; each is used once. */
const random = Buffer.alloc(SPAN_BYTES * 512);
let used = random.length;

/** Of one span in a trace: 16 hexadecimal digits. */
export function newSpanId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += SPAN_BYTES;
  return random.toString("hex", used - SPAN_BYTES, used);
}

/** Of the event with this id: those of its digits that are random or a hash. */
export const spanOf = (eventId: string): string => eventId.replaceAll("-", "").slice(16);

/** The same parts give the same id, in every process and for ever; other parts, also otherwise cut, give another. */
export function deterministicUuid(...parts: string[]): string {
  // Each part's length goes before it, so that ("ab", "c") and ("a", "bc") differ.
  let text = "";
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  const hex = hash("sha256", text);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
