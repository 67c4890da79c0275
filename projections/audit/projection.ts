// Where the log tells of each change that a person or a token made. What was changed is read from there.
import { ACCESS_STREAM } from "#domain/access/events.ts";
import { ANALYSIS_SERVICE_STREAM } from "#domain/analysis/service.ts";
import { CAMPAIGN_CONFIG_STREAM } from "#domain/campaign/configured.ts";
import { CAMPAIGN_STREAM_PREFIX } from "#domain/campaign/events.ts";
import { CONTEXT_STREAM_PREFIX } from "#domain/context/context.ts";
import { DEAD_LETTERS_STREAM_PREFIX } from "#domain/dead-letter/request.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { ROUTING_SERVICE_STREAM } from "#domain/routing-service/service.ts";
import { RULESET_STREAM } from "#domain/rules/events.ts";
import { SOURCE_STREAM } from "#domain/source/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { SUPPRESSION_LIST_STREAM } from "#domain/suppression/list.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";
import { aboutOf, configures, isAudited, PASSED_ON, readAudited } from "./change.ts";

export interface AuditRow {
  readonly position: bigint;
  readonly at: Date;
  readonly by: string;
  readonly type: string;
  readonly about: string;
  readonly stream: string;
  readonly revision: bigint;
  /** In the same stream: what configured the same object before. */
  readonly earlier: bigint | null;
}

interface ConfiguredRow {
  readonly about: string;
  readonly revision: bigint;
}

/** Which rows a list without a type shows; the indexes hold no others, however many replies come. */
export const LISTED = `type <> '${PASSED_ON}'`;

export const auditModel = {
  name: "audit",
  version: 5,
  tables: [
    `create table change (
      position bigint primary key,
      at timestamptz not null,
      "by" text not null,
      type text not null,
      about text not null,
      stream text not null,
      revision bigint not null,
      earlier bigint
    )`,
    "create table configured (about text primary key, revision bigint not null)",
  ],
  indexes: [
    `create index change_in_order on change (at, position) where ${LISTED}`,
    `create index change_by_whom on change ("by", at, position) where ${LISTED}`,
    `create index change_by_object on change (about, at, position) where ${LISTED}`,
    "create index change_by_type on change (type, at, position)",
  ],
} as const;

const changes = table<Omit<AuditRow, "by"> & { readonly '"by"': string }>(
  "change",
  {
    position: "bigint",
    at: "timestamptz",
    '"by"': "text",
    type: "text",
    about: "text",
    stream: "text",
    revision: "bigint",
    earlier: "bigint",
  },
  ["position"],
);
const configured = table<ConfiguredRow>("configured", { about: "text", revision: "bigint" }, ["about"]);

export function auditProjection(): Projection {
  return {
    ...auditModel,
    prefixes: [
      ACCESS_STREAM,
      SOURCE_STREAM,
      PARTNER_CONFIG_STREAM,
      PARTNER_STREAM_PREFIX,
      RULESET_STREAM,
      ROUTING_SERVICE_STREAM,
      ANALYSIS_SERVICE_STREAM,
      CAMPAIGN_CONFIG_STREAM,
      CAMPAIGN_STREAM_PREFIX,
      CONTEXT_STREAM_PREFIX,
      SUPPRESSION_LIST_STREAM,
      DEAD_LETTERS_STREAM_PREFIX,
      SUBMISSION_STREAM_PREFIX,
      IDENTITY_STREAM,
    ],
    async apply(target, stored) {
      const known = stored.filter(isAudited).flatMap((raw) => {
        const event = readAudited(raw);
        if (event === undefined) target.onSkipped(raw, "unreadable");
        return event === undefined ? [] : [{ event, raw, about: aboutOf(event) }];
      });
      if (known.length === 0) return;
      const objects = known.flatMap(({ event, about }) => (configures(event) ? [about] : []));
      const before = await configured.find(target, [...new Set(objects)]);
      const last = new Map(before.map(({ about, revision }) => [about, revision]));
      const rows = known.map(({ event, raw, about }) => {
        const { position, stream, type, revision, metadata } = raw;
        const earlier = configures(event) ? (last.get(about) ?? null) : null;
        if (configures(event)) last.set(about, revision);
        const [at, by] = [new Date(metadata.at), metadata.by ?? ""];
        return { position, at, '"by"': by, type, about, stream, revision, earlier };
      });
      await Promise.all([
        changes.insert(target, rows),
        configured.upsert(
          target,
          Array.from(last, ([about, revision]) => ({ about, revision })),
        ),
      ]);
    },
  };
}
