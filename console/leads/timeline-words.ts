// What each event of a lead means, in a sentence.
import type { TimelineItem } from "../api/shapes.ts";
import type { Tone } from "../ui/badge.tsx";
import { exactly } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";

interface Told {
  readonly title: string;
  readonly more?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
const object = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
const joined = (...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter((one) => one !== undefined).join("; ") || undefined;
const because = (item: Fields): string | undefined => {
  const reason = text(item.reason);
  return reason && worded(reason);
};
const status = (item: Fields): string | undefined => {
  const code = text(object(item.response).status);
  return code && `answered ${code}`;
};
const took = (item: Fields): string | undefined => {
  const ms = object(item.timings).partner_ms;
  return typeof ms === "number" ? `${Math.round(ms)} ms at the partner` : undefined;
};

const moment = (what: string, at: unknown): string | undefined =>
  typeof at === "string" ? `${what} ${exactly(at)}` : undefined;

export function told(item: TimelineItem): Told {
  const at = text(item.partner) ?? "the partner";
  switch (item.type) {
    case "SubmissionReceived":
      return { title: "Received", more: `from ${text(item.source) ?? "its source"}` };
    case "PersonIdentified":
      return { title: "Person identified", more: item.match === "new" ? "somebody new" : "somebody known" };
    case "SubmissionRouted": {
      const route = object(item.route);
      const [rule, version] = [text(route.rule), text(route.ruleset_version)];
      return {
        title: `Routed to ${text(route.partner) ?? "a partner"}`,
        more: joined(rule && `by the rule ${rule}`, version && `version ${version} of the rules`),
      };
    }
    case "SubmissionUnrouted":
      return { title: "No rule matched", more: because(item) };
    case "DeliveryStarted":
      return { title: `Attempt ${text(item.attempt) ?? "1"} at ${at}` };
    case "DeliverySucceeded":
      return { title: `Delivered to ${at}`, more: joined(status(item), took(item), because(item)) };
    case "DeliveryFailed":
      return {
        title: `Attempt ${text(item.attempt) ?? ""} failed`,
        more: joined(because(item), status(item), moment("tried again", item.retry_at)),
      };
    case "DeliveryRejected":
      return { title: `${at} declined it`, more: joined(because(item), status(item)) };
    case "DeliveryDuplicated":
      return { title: `${at} has it already`, more: because(item) };
    case "DeliveryHeld":
      return {
        title: `Held for ${at}`,
        more: joined(because(item), moment("until", item.until)),
      };
    case "DeliveryPassedOn":
      return { title: `Passed on by ${at}`, more: because(item) };
    case "DeliveryDeadLettered":
      return { title: `Given up at ${at}`, more: joined(because(item), status(item)) };
    case "SubmissionDeadLettered":
      return {
        title: "Dead letter",
        more: joined(because(item), item.stage ? `stage ${text(item.stage)}` : undefined),
      };
    case "SubmissionRejected":
      return { title: "Rejected", more: because(item) };
    case "SubmissionRedriven":
      return { title: "Redriven", more: joined(item.by ? `by ${text(item.by)}` : undefined, because(item)) };
    case "SubmissionDiscarded":
      return { title: "Discarded", more: because(item) };
    case "SubmissionCorrected":
      return { title: "Payload put right", more: because(item) };
    case "DeliveryReturned":
      return { title: `Given back by ${at}`, more: because(item) };
    case "DeliveryReconciled":
    case "SubmissionReconciled":
      return { title: `Settled by hand: ${text(item.outcome) ?? ""}`, more: because(item) };
    default:
      return { title: item.type.replace(/(?<=[a-z])(?=[A-Z])/g, " ") };
  }
}

export function toneOf(type: string): Tone {
  if (type === "DeliverySucceeded") return "good";
  if (/DeadLettered|Rejected/.test(type)) return "bad";
  if (/Failed|Held|Unrouted|Returned|Discarded/.test(type)) return "warn";
  return "accent";
}
