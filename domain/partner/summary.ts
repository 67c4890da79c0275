import type { Submission } from "../submission/submission.ts";
import { asText } from "./template.ts";

// A submission as people read it, in a message that nobody wrote a template for.

export interface Summary {
  readonly title: string;
  readonly fields: readonly (readonly [label: string, text: string])[];
}

const FIRST = ["topic", "interest", "full_name", "email", "phone", "country", "description"];
const MAX_TEXT = 1_000;

/** The fields that people ask for first, then the others as they came, as far as they hold anything. */
export function summaryOf({ kind, source, payload, normalised }: Submission, maxFields: number): Summary {
  const all: Readonly<Record<string, unknown>> = { ...payload, ...normalised };
  const names = [...new Set([...FIRST, ...Object.keys(all)])];
  const about = [payload.topic, payload.interest, payload.type].find((one) => typeof one === "string");
  return {
    title: `New ${kind}${about === undefined ? "" : `: ${cut(about.trim(), 100)}`} (from ${source})`,
    fields: names
      .map((name) => [labelOf(name), cut(asText(all[name]).trim(), MAX_TEXT)] as const)
      .filter(([, text]) => text !== "")
      .slice(0, maxFields),
  };
}

function labelOf(name: string): string {
  const words = cut(name, 60).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
