import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { EventOf } from "../event.ts";
import { CampaignId, StepId } from "../ids.ts";
import { CampaignDefinition } from "./definition.ts";

// Stream: campaign_config. Which campaigns there are, in all their versions, and whether each runs: what people decide about them.

export const CAMPAIGN_CONFIG_STREAM = "campaign_config";

const campaign = z.object({ campaign: CampaignId });
/** Which step of older versions is which step of this one. */
export const Migration = z.record(StepId, StepId);

export const campaignConfigEvents = {
  CampaignDefined: {
    version: 1,
    schema: campaign.extend({
      /** 1 for the first. */
      version: z.int().positive(),
      definition: CampaignDefinition,
      /** For those that have begun with an older version; without it they go on as they began. */
      migrate: Migration.optional(),
    }),
  },
  CampaignStarted: { version: 1, schema: campaign },
  CampaignPaused: { version: 1, schema: campaign },
  CampaignResumed: { version: 1, schema: campaign },
  CampaignCancelled: { version: 1, schema: campaign },
} as const;
export type CampaignConfigEvent = EventOf<typeof campaignConfigEvents>;

export interface ConfiguredCampaign {
  readonly standing: "draft" | "running" | "paused" | "cancelled";
  /** The newest. */
  readonly version: number;
  readonly definition: CampaignDefinition;
  /** Those that members may have begun with, by version. */
  readonly versions: ReadonlyMap<number, CampaignDefinition>;
  readonly migrations: readonly {
    readonly version: number;
    readonly steps: Readonly<Record<string, StepId>>;
  }[];
}
export type ConfiguredCampaigns = ReadonlyMap<CampaignId, ConfiguredCampaign>;

export type ConfigureCampaign = { readonly campaign: CampaignId } & (
  | {
      readonly type: "define";
      readonly definition: CampaignDefinition;
      readonly migrate?: Readonly<Record<string, StepId>> | undefined;
      /** Of the definition that is to be replaced; 0 where there may be none yet. Left out, whatever is there. */
      readonly expected_version?: number | undefined;
    }
  | { readonly type: "start" | "pause" | "resume" | "cancel" }
);

export type CampaignRefusal =
  | { readonly reason: "no_such_campaign" | "cancelled" | "not_started" | "paused" }
  /** Somebody was faster. `changed`: fields that differ from the expected version; undefined where that version was never there. */
  | {
      readonly reason: "version_moved";
      readonly version: number;
      readonly changed: readonly string[] | undefined;
    }
  /** It names steps that there are not. */
  | { readonly reason: "migration_impossible"; readonly steps: readonly ImpossibleMove[] };

/** Which end of the entry of a migration names no step. */
interface ImpossibleMove {
  readonly from: string;
  readonly wrong: "from" | "to";
  readonly step: string;
}

type Made = Decision<CampaignConfigEvent, CampaignRefusal>;

export const campaignConfiguration: Decider<ConfiguredCampaigns, ConfigureCampaign, Made> = {
  initial: new Map(),
  evolve(campaigns, event) {
    const { campaign: id } = event.data;
    const known = campaigns.get(id);
    const changed = evolveOne(known, event);
    return changed === undefined ? campaigns : new Map(campaigns).set(id, changed);
  },
  decide(command, campaigns) {
    const { campaign } = command;
    const known = campaigns.get(campaign);
    if (known?.standing === "cancelled" && command.type !== "cancel") return refuse("cancelled");
    if (command.type === "define") return define(command, known);
    if (known === undefined) return refuse("no_such_campaign");
    return decideStanding(command.type, campaign, known.standing);
  },
};

function evolveOne(
  known: ConfiguredCampaign | undefined,
  event: CampaignConfigEvent,
): ConfiguredCampaign | undefined {
  if (event.type === "CampaignDefined") {
    const { version, definition, migrate } = event.data;
    return {
      standing: known?.standing ?? "draft",
      version,
      definition,
      versions: new Map(known?.versions).set(version, definition),
      migrations: [
        ...(known?.migrations ?? []),
        ...(migrate === undefined ? [] : [{ version, steps: migrate }]),
      ],
    };
  }
  return known && { ...known, standing: STANDINGS[event.type] };
}

const STANDINGS = {
  CampaignStarted: "running",
  CampaignPaused: "paused",
  CampaignResumed: "running",
  CampaignCancelled: "cancelled",
} as const;

function define(
  { campaign, definition, migrate, expected_version }: Extract<ConfigureCampaign, { type: "define" }>,
  known: ConfiguredCampaign | undefined,
): Made {
  const current = known?.version ?? 0;
  if (expected_version !== undefined && expected_version !== current) {
    const changed = changedFields(known?.versions.get(expected_version), known?.definition);
    return { accepted: false, reason: "version_moved", version: current, changed };
  }
  const isSame = known !== undefined && JSON.stringify(known.definition) === JSON.stringify(definition);
  if (isSame && migrate === undefined) return accept();
  const older = new Set<string>([...(known?.versions.values() ?? [])].flatMap(idsOf));
  const newer = new Set<string>(idsOf(definition));
  const unknown = Object.entries(migrate ?? {}).flatMap(([from, to]): ImpossibleMove[] => [
    ...(older.has(from) ? [] : [{ from, wrong: "from", step: from } as const]),
    ...(newer.has(to) ? [] : [{ from, wrong: "to", step: to } as const]),
  ]);
  if (unknown.length > 0) return { accepted: false, reason: "migration_impossible", steps: unknown };
  const version = current + 1;
  const data = { campaign, version, definition, ...(migrate !== undefined && { migrate }) };
  return accept<CampaignConfigEvent>({ type: "CampaignDefined", data });
}

function changedFields(
  before: CampaignDefinition | undefined,
  after: CampaignDefinition | undefined,
): string[] | undefined {
  if (before === undefined || after === undefined) return undefined;
  const names = Object.keys({ ...before, ...after }) as (keyof CampaignDefinition)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

const idsOf = ({ steps }: CampaignDefinition): string[] => steps.map(({ id }) => id);

/** What is so already needs no event: whoever repeats it is told the same. */
function decideStanding(
  wanted: "start" | "pause" | "resume" | "cancel",
  campaign: CampaignId,
  standing: ConfiguredCampaign["standing"],
): Made {
  const data = { campaign };
  switch (wanted) {
    case "start":
      if (standing === "running") return accept();
      if (standing === "paused") return refuse("paused");
      return accept<CampaignConfigEvent>({ type: "CampaignStarted", data });
    case "pause":
      if (standing === "paused") return accept();
      if (standing === "draft") return refuse("not_started");
      return accept<CampaignConfigEvent>({ type: "CampaignPaused", data });
    case "resume":
      if (standing === "running") return accept();
      if (standing === "draft") return refuse("not_started");
      return accept<CampaignConfigEvent>({ type: "CampaignResumed", data });
    case "cancel":
      if (standing === "cancelled") return accept();
      return accept<CampaignConfigEvent>({ type: "CampaignCancelled", data });
  }
}
