import { worded } from "./words.ts";
import "./badge.css";

export type Tone = "good" | "warn" | "bad" | "idle" | "accent";

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return <span className={`badge badge-${tone}`}>{children}</span>;
}

/** Of a lead, by whether somebody has to do something about it. */
const tones: Readonly<Record<string, Tone>> = {
  delivered: "good",
  dead_lettered: "bad",
  retrying: "warn",
  held: "warn",
  unrouted: "warn",
  rejected: "bad",
  returned: "warn",
  duplicate: "idle",
};

export function Status({ status }: { readonly status: string }) {
  return <Badge tone={tones[status] ?? "accent"}>{worded(status)}</Badge>;
}
