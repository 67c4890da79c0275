// What the timeline shows of a request or a response, such that it can be stored: well-formed, and no larger than there is room for.
import { wellFormed, wellFormedJson } from "#domain/well-formed.ts";

/** Of its JSON; sealed, it takes a third more. */
export const MAX_REQUEST_BYTES = 300 * 1024;
export const MAX_RESPONSE_BYTES = 150 * 1024;

/** Too large, its body is cut and it says `truncated`. */
export function boundedRecord(record: object, maxBytes: number): object {
  const json = jsonOf(record);
  if (json === undefined) return { truncated: true };
  if (Buffer.byteLength(json) <= maxBytes) return isSound(json) ? record : (wellFormedJson(record) as object);
  const { body, ...others } = record as { readonly body?: unknown };
  const cut = { ...others, truncated: true };
  const room = maxBytes - Buffer.byteLength(jsonOf({ ...cut, body: "" }) ?? "");
  if (room < 0) return { truncated: true };
  return wellFormedJson({
    ...cut,
    body: cutText(typeof body === "string" ? body : (jsonOf(body) ?? ""), room),
  }) as object;
}

/** Undefined where it can't be written: it is nested too deep, or holds what JSON does not. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

const isSound = (json: string): boolean => !/\\u(0000|d[89a-f])/i.test(json);

/** As much of it as takes no more than so many bytes as JSON. */
function cutText(text: string, maxBytes: number): string {
  let cut = wellFormed(text, maxBytes);
  for (let bytes = sizeOf(cut); bytes > maxBytes; bytes = sizeOf(cut))
    cut = wellFormed(cut.slice(0, Math.max(0, Math.floor((cut.length * maxBytes) / bytes) - 1)));
  return cut;
}

const sizeOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - '""'.length;
