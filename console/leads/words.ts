import type { Lead } from "../api/shapes.ts";

export const statuses = [
  "received",
  "identified",
  "queued",
  "delivering",
  "retrying",
  "held",
  "delivered",
  "duplicate",
  "rejected",
  "unrouted",
  "dead_lettered",
  "returned",
] as const satisfies readonly Lead["status"][];

export const kinds = ["lead", "assistance", "event"] as const satisfies readonly Lead["kind"][];

const FIELDS = ["full_name", "email", "phone", "topic", "type"] as const;

/** What a person would call it. */
export function nameOf({ payload, id }: Pick<Lead, "payload" | "id">): string {
  if (payload === null || typeof payload !== "object") return "Forgotten";
  const fields = payload as Readonly<Record<string, unknown>>;
  const both = [fields.first_name, fields.last_name].filter((one) => typeof one === "string").join(" ");
  const found = [fields.full_name, both, ...FIELDS.map((name) => fields[name])].find(
    (one) => typeof one === "string" && one.trim() !== "",
  );
  return typeof found === "string" ? found : id.slice(0, 8);
}
