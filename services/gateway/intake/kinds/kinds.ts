// Every kind of submission. Routes, both descriptions and every way in follow from this map.
import { Kind } from "#domain/submission/events.ts";
import type { JsonObject } from "../../http/json-body.ts";
import { requestSchemas } from "../../http/route-schema.ts";
import { assistance } from "./assistance.ts";
import { event } from "./event.ts";
import type { SubmissionKind } from "./kind.ts";
import { lead } from "./lead.ts";

export const kinds: Readonly<Record<Kind, SubmissionKind>> = { lead, assistance, event };

/** What a submission is that does not name its kind, over ways in that have no path. */
export const DEFAULT_KIND: Kind = "lead";

export const allKinds = Kind.options.map((kind) => ({
  kind,
  ...kinds[kind],
  schemaName: requestSchemas.get(kinds[kind].body)?.id ?? kind,
  examples: (kinds[kind].body.meta()?.examples ?? []) as readonly JsonObject[],
}));
