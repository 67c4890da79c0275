import type { Lead } from "../api/shapes.ts";

// Written as records, so that a status or kind that is added does not compile until it stands here too.
const STATUSES: Readonly<Record<Lead["status"], true>> = {
  received: true,
  identified: true,
  queued: true,
  delivering: true,
  retrying: true,
  held: true,
  delivered: true,
  duplicate: true,
  rejected: true,
  unrouted: true,
  dead_lettered: true,
  returned: true,
};
const KINDS: Readonly<Record<Lead["kind"], true>> = { lead: true, assistance: true, event: true };

export const statuses = Object.keys(STATUSES) as Lead["status"][];
export const kinds = Object.keys(KINDS) as Lead["kind"][];

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
