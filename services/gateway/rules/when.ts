import { Refused, refusal } from "../refusal.ts";

/** A time or a position of the log, as people write it; `path` is where it was written. */
export function whenOf(text: string, path: string): Date | bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new Refused(
    refusal("invalid", { errors: [{ path, message: "is neither a time nor a position of the log" }] }),
  );
}
