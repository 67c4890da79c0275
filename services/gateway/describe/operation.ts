// What there is to say about an operation of the HTTP API, and the kinds of operations there are.
import { z } from "zod";
import type { RefusalReason } from "../refusal.ts";
import type { AnswerName, RequestName } from "./shapes.ts";

export interface Operation {
  readonly method: "get" | "put" | "post" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly tag: "Intake" | "Reading" | "Identities" | "Rules" | "Partners" | "Sources" | "Operations";
  readonly by: "source" | "admin" | "admin or source" | "anybody";
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: RequestName;
  /** Other content types than JSON under which the body may come. */
  readonly alsoAs?: Readonly<Record<string, RequestName>>;
  readonly answers: Readonly<Record<number, AnswerName | "text" | "html" | "object" | "nothing">>;
  /** Whether a good answer says in x-position how far into the log it reaches. */
  readonly tellsPosition: boolean;
  /** The content type of the good answers, where it is not JSON. */
  readonly answersAs?: string;
  readonly refusals: readonly RefusalReason[];
}

const wrongBody = ["malformed", "invalid", "unsupported_media_type", "too_large"] as const;
const intakeRefusals: readonly RefusalReason[] = [
  ...wrongBody,
  "unauthenticated",
  "kind_not_allowed",
  "too_slow",
  "in_flight",
  "key_reused",
  "rate_limited",
  "unavailable",
  "overloaded",
];

export const After = z.object({
  after: z
    .string()
    .optional()
    .meta({ description: "A position from `x-position`: waits up to 5 s until the answer reaches it" }),
});
const attribute = z.string().optional();
const IntakeHeaders = z.object({
  prefer: z
    .string()
    .optional()
    .meta({
      description: "`wait=N` (at most 30 s): answers 200 when the submission ends in time",
      examples: ["wait=10"],
    }),
  "ce-specversion": attribute.meta({
    description:
      "`1.0` makes the body the data of a CloudEvent in binary mode, with its attributes in `ce-…` headers",
  }),
  "ce-id": attribute,
  "ce-source": attribute,
  "ce-type": attribute.meta({ description: "The `type` of an event whose data has none" }),
  "ce-time": attribute,
});

export function intake(path: string, body: RequestName, summary: string): Operation {
  return {
    method: "post",
    path,
    summary,
    tag: "Intake",
    by: "source",
    headers: IntakeHeaders,
    body,
    alsoAs: { "application/cloudevents+json": "CloudEvent" },
    answers: { 200: "Ended", 202: "Accepted" },
    tellsPosition: true,
    refusals: intakeRefusals,
  };
}

export function reading(
  path: string,
  answer: AnswerName,
  summary: string,
  query: z.ZodObject = After,
): Operation {
  const refusals: RefusalReason[] = ["unauthorized", "invalid", "not_found", "unavailable"];
  return {
    method: "get",
    path,
    summary,
    tag: "Reading",
    by: "admin or source",
    query,
    answers: { 200: answer },
    tellsPosition: true,
    refusals,
  };
}

type AdminMore = Partial<Pick<Operation, "query" | "body" | "refusals" | "answers" | "tellsPosition">>;

export function admin(
  tag: Operation["tag"],
  method: Operation["method"],
  path: string,
  answer: AnswerName | "nothing",
  summary: string,
  { query, body, refusals = [], answers, tellsPosition = method !== "get" }: AdminMore = {},
): Operation {
  return {
    method,
    path,
    summary,
    tag,
    by: "admin",
    ...(query && { query }),
    ...(body && { body }),
    tellsPosition,
    answers: answers ?? (answer === "nothing" ? { 204: "nothing" } : { 200: answer }),
    refusals: [
      "unauthorized",
      ...(method === "get" ? (["invalid"] as const) : wrongBody),
      ...refusals,
      "unavailable",
    ],
  };
}

export const ops = (
  path: string,
  answers: Operation["answers"],
  summary: string,
  answersAs?: string,
): Operation => ({
  method: "get",
  path,
  summary,
  tag: "Operations",
  by: "anybody",
  answers,
  tellsPosition: false,
  ...(answersAs && { answersAs }),
  refusals: [],
});
