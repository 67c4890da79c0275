// Every operation of the HTTP API: who may call it, with what, and what is answered.
import { IdentityFilter } from "../admin/identities.ts";
import { Removal } from "../admin/partners.ts";
import { LeadFilter } from "../reading/leads.ts";
import { After, admin, intake, type Operation, ops, reading } from "./operation.ts";

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
    tellsPosition: false,
    refusals: ["unsupported_media_type"],
  },
  reading("/api/leads/:id", "Lead", "One lead"),
  reading("/api/leads", "Leads", "Leads, the newest first", LeadFilter.extend(After.shape)),
  reading(
    "/api/leads/:id/timeline",
    "Timeline",
    "Every event of a lead, with each delivery's request, answer and timings",
  ),

  {
    ...admin("Identities", "get", "/api/identities", "Identities", "Who is known, the newest first", {
      tellsPosition: true,
    }),
    query: IdentityFilter.extend(After.shape),
  },
  {
    ...admin("Identities", "get", "/api/identities/:id", "Identity", "One person", {
      refusals: ["not_found"],
      tellsPosition: true,
    }),
    query: After,
  },
  admin("Identities", "delete", "/api/identities/:id", "Forgotten", "Forget a person for good", {
    refusals: ["not_found", "conflict"],
  }),
  admin("Identities", "post", "/api/identities/:id/split", "Split", "Take the last merge of a person back", {
    refusals: ["not_found", "conflict"],
  }),

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
    query: Removal,
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
    tellsPosition: false,
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
