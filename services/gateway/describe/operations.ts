// Every operation of the HTTP API: who may call it, with what, and what is answered.
import { z } from "zod";
import { LeadFilter } from "../reading/leads.ts";
import type { RefusalReason } from "../refusal.ts";
import type { AnswerName, RequestName } from "./shapes.ts";

export interface Operation {
  readonly method: "get" | "put" | "post" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly tag: "Intake" | "Reading" | "Rules" | "Partners" | "Sources" | "Operations";
  readonly by: "source" | "admin" | "admin or source" | "anybody";
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: RequestName;
  /** Other content types than JSON under which the body may come. */
  readonly alsoAs?: Readonly<Record<string, RequestName>>;
  readonly answers: Readonly<Record<number, AnswerName | "text" | "html" | "object" | "nothing">>;
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

const After = z.object({
  after: z
    .string()
    .optional()
    .meta({ description: "A position from `x-position`: waits up to 5 s until the answer reaches it" }),
});
const Prefer = z.object({
  prefer: z
    .string()
    .optional()
    .meta({
      description: "`wait=N` (at most 30 s): answers 200 when the submission ends in time",
      examples: ["wait=10"],
    }),
});

function intake(path: string, body: RequestName, summary: string): Operation {
  return {
    method: "post",
    path,
    summary,
    tag: "Intake",
    by: "source",
    headers: Prefer,
    body,
    alsoAs: { "application/cloudevents+json": "CloudEvent" },
    answers: { 200: "Ended", 202: "Accepted" },
    refusals: intakeRefusals,
  };
}

function reading(path: string, answer: AnswerName, summary: string, query: z.ZodObject = After): Operation {
  const refusals: RefusalReason[] = ["unauthorized", "invalid", "not_found", "unavailable"];
  return {
    method: "get",
    path,
    summary,
    tag: "Reading",
    by: "admin or source",
    query,
    answers: { 200: answer },
    refusals,
  };
}

type AdminMore = Partial<Pick<Operation, "body" | "refusals" | "answers">>;

function admin(
  tag: Operation["tag"],
  method: Operation["method"],
  path: string,
  answer: AnswerName | "nothing",
  summary: string,
  { body, refusals = [], answers }: AdminMore = {},
): Operation {
  return {
    method,
    path,
    summary,
    tag,
    by: "admin",
    ...(body && { body }),
    answers: answers ?? (answer === "nothing" ? { 204: "nothing" } : { 200: answer }),
    refusals: ["unauthorized", ...(body ? wrongBody : (["invalid"] as const)), ...refusals, "unavailable"],
  };
}

const ops = (
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
  ...(answersAs && { answersAs }),
  refusals: [],
});

export const operations: readonly Operation[] = [
  intake("/api/submit", "LeadSubmission", "Submit a lead"),
  intake("/api/assistance", "AssistanceSubmission", "Ask for assistance"),
  intake("/api/events", "EventSubmission", "Report a courier's or a system's event"),
  {
    method: "post",
    path: "/api/submit/batch",
    summary: "Submit up to 10,000 signed submissions, one on each line, answered line by line",
    tag: "Intake",
    by: "source",
    alsoAs: { "application/x-ndjson": "BatchLine" },
    answers: { 200: "BatchAnswer" },
    answersAs: "application/x-ndjson",
    refusals: ["unsupported_media_type"],
  },
  reading("/api/leads/:id", "Lead", "One lead"),
  reading("/api/leads", "Leads", "Leads, the newest first", LeadFilter.extend(After.shape)),
  reading(
    "/api/leads/:id/timeline",
    "Timeline",
    "Every event of a lead, with each delivery's request, answer and timings",
  ),

  admin("Rules", "get", "/api/rules", "Rules", "The rules in force"),
  admin("Rules", "get", "/api/rules/:id", "Rule", "One rule", { refusals: ["not_found"] }),
  admin("Rules", "put", "/api/rules", "Rules", "Replace all rules at once", {
    body: "RulesChange",
    refusals: ["version_moved", "unacceptable"],
  }),
  admin("Rules", "put", "/api/rules/:id", "OneRule", "Add or replace one rule", {
    body: "RuleChange",
    refusals: ["unacceptable"],
  }),
  admin("Rules", "delete", "/api/rules/:id", "nothing", "Remove one rule", { refusals: ["not_found"] }),

  admin("Partners", "get", "/api/partners", "Partners", "All partners"),
  admin("Partners", "get", "/api/partners/:id", "Partner", "One partner and how it fares", {
    refusals: ["not_found"],
  }),
  admin("Partners", "put", "/api/partners/:id", "Partner", "Configure a partner", {
    body: "PartnerChange",
    refusals: ["unacceptable"],
  }),
  admin("Partners", "delete", "/api/partners/:id", "nothing", "Remove a partner that no rule routes to", {
    refusals: ["not_found", "conflict"],
  }),
  admin("Partners", "post", "/api/partners/:id/pause", "Partner", "Let its submissions wait", {
    refusals: ["not_found"],
  }),
  admin("Partners", "post", "/api/partners/:id/resume", "Partner", "Deliver again", {
    refusals: ["not_found"],
  }),

  admin("Sources", "get", "/api/sources", "Sources", "All sources"),
  admin("Sources", "get", "/api/sources/:id", "Source", "One source", { refusals: ["not_found"] }),
  admin("Sources", "put", "/api/sources/:id", "Source", "Configure a source", { body: "SourceChange" }),
  admin("Sources", "delete", "/api/sources/:id", "nothing", "Remove a source", { refusals: ["not_found"] }),
  admin("Sources", "post", "/api/sources/:id/secrets", "NewSecret", "Make a secret; it is shown this once", {
    answers: { 201: "NewSecret" },
    refusals: ["not_found", "conflict"],
  }),
  admin("Sources", "delete", "/api/sources/:id/secrets/:secret_id", "nothing", "Remove a secret", {
    refusals: ["not_found"],
  }),

  admin("Operations", "get", "/api/projections", "Projections", "How far the read models are"),
  admin("Operations", "post", "/api/projections/:name/rebuild", "Rebuilding", "Build a read model anew", {
    answers: { 202: "Rebuilding" },
    refusals: ["not_found"],
  }),
  ops("/livez", { 200: "object" }, "Whether the process lives"),
  ops(
    "/readyz",
    { 200: "Readiness", 503: "Readiness" },
    "Whether it can do its work, dependency by dependency",
  ),
  ops("/metrics", { 200: "text" }, "Figures for Prometheus", "text/plain"),
  ops("/openapi.json", { 200: "object" }, "This description, as OpenAPI 3.1"),
  ops("/asyncapi.json", { 200: "object" }, "What NATS carries, as AsyncAPI 3"),
  ops("/docs", { 200: "html" }, "This description, to read", "text/html"),
];
