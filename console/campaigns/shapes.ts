// What the API says about campaigns.
import type { Rule } from "../api/shapes.ts";

type When = Rule["when"];
interface Named {
  readonly id: string;
  readonly next?: string;
}

export type Step =
  | (Named & { readonly type: "send"; readonly partner: string; readonly template?: unknown })
  | (Named & {
      readonly type: "wait";
      readonly for?: string;
      readonly until?: string;
      readonly on_reply?: string;
    })
  | (Named & { readonly type: "analyze"; readonly service: string })
  | {
      readonly id: string;
      readonly type: "branch";
      readonly cases: readonly { readonly when: When; readonly next: string }[];
      readonly otherwise: string;
    }
  | (Named & {
      readonly type: "submit";
      readonly kind: string;
      readonly fields: Readonly<Record<string, unknown>>;
    })
  | { readonly id: string; readonly type: "end" };

export const memberStatuses = ["pending", "working", "waiting", "done", "failed", "cancelled"] as const;
type MemberStatus = (typeof memberStatuses)[number];
export type Counts = Readonly<Record<MemberStatus, number>>;
export type CampaignStatus = "draft" | "running" | "paused" | "done" | "cancelled";

export interface CampaignSummary {
  readonly id: string;
  readonly name: string;
  readonly status: CampaignStatus;
  readonly counts: Counts;
}

export interface FunnelStep {
  readonly id: string;
  readonly entered: number;
  readonly left: number;
  readonly failed: number;
  readonly waiting: number;
  readonly working: number;
}

export interface Campaign extends CampaignSummary {
  readonly steps: readonly Step[];
  readonly concurrency?: number;
  readonly rate?: { readonly per_second: number };
  readonly quiet?: unknown;
  readonly funnel: readonly FunnelStep[];
  readonly next_due_at?: string | null;
  readonly import?: {
    readonly state: string;
    readonly pages: number;
    readonly added: number;
    readonly duplicates: number;
    readonly invalid: number;
    readonly reason?: string;
  };
}

export interface Member {
  readonly id: string;
  readonly email: string | null;
  readonly full_name?: string;
  readonly status: MemberStatus;
  readonly step: string | null;
  readonly reason?: string;
  readonly due_at?: string;
}

export interface MemberWithTimeline extends Member {
  readonly timeline: readonly {
    readonly position: string;
    readonly at: string;
    readonly type: string;
    readonly step?: unknown;
    readonly reason?: unknown;
  }[];
}

export const membersOf = (counts: Counts): number =>
  memberStatuses.reduce((all, status) => all + (counts[status] ?? 0), 0);
