// A yard with a simulated provider, and what a person does with campaigns in it.
import * as assert from "uvu/assert";
import type { RunningYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";

export interface CampaignView {
  readonly status: string;
  readonly counts: Record<"pending" | "working" | "waiting" | "done" | "failed" | "cancelled", number>;
  readonly funnel: readonly {
    readonly id: string;
    readonly entered: number;
    readonly left: number;
    readonly failed: number;
    readonly waiting: number;
    readonly working: number;
  }[];
  readonly next_due_at: string | null;
  readonly import?: {
    readonly state: string;
    readonly pages: number;
    readonly added: number;
    readonly reason?: string;
  };
  readonly pace?: {
    readonly per_second: number;
    readonly limited_by: string | null;
    readonly until?: string;
  };
}

export interface MemberView {
  readonly id: string;
  readonly email: string;
  readonly status: string;
  readonly step: string;
  readonly due_at?: string;
  readonly reason?: string;
  readonly attempts?: number;
  readonly sentiment?: string;
}

/** Who replies, by id or by address. */
export type Replying = { readonly message_id: string; readonly text: string } & (
  | { readonly email: string }
  | { readonly member_id: string }
);

export interface Provider {
  behave(settings: object): Promise<void>;
  totals(): Promise<
    Record<"requests" | "effects" | "ids" | "max" | "in_flight" | "max_in_flight", number> &
      Record<"first_at" | "last_at", string>
  >;
  requests(): Promise<{ headers: Record<string, string>; body: string; at: number }[]>;
}

/** Nobody else's campaign has the same addresses. */
export const people = (campaign: string, count: number): { email: string }[] =>
  Array.from({ length: count }, (_, n) => ({ email: `p${n}@${campaign}.example` }));

export interface CampaignYard {
  define(id: string, campaign: object): Promise<void>;
  /** Gives what the API answers. */
  add(
    id: string,
    members: readonly object[],
  ): Promise<{ added: number; duplicates: number; invalid: unknown[] }>;
  tell(id: string, verb: "start" | "pause" | "resume" | "cancel"): Promise<CampaignView>;
  view(id: string): Promise<CampaignView>;
  becomes(id: string, status: string, deadlineMs?: number): Promise<CampaignView>;
  members(id: string, query?: string): Promise<MemberView[]>;
  reply(id: string, said: Replying): Promise<{ readonly member_id: string; readonly duplicate: boolean }>;
  /** A partner of this id at the simulator. */
  provider(id: string, settings?: object): Promise<Provider>;
  /** An analysis service of this id at the simulator. */
  analysis(id: string, settings?: object): Promise<Provider>;
  /** What the simulator has under this name, whoever it is to us. */
  simulated(name: string): Provider;
}

export function campaignYard({
  client,
  simulatorUrl,
}: Pick<RunningYard, "client" | "simulatorUrl">): CampaignYard {
  const admin = async <Body>(method: string, path: string, body?: object, expected = 200): Promise<Body> => {
    const answer = await client.admin<Body>(method, path, body);
    assert.is(answer.status, expected, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const simulated = async <Body>(path: string, init?: RequestInit): Promise<Body> => {
    const response = await fetch(`${simulatorUrl}${path}`, init);
    assert.ok(response.ok, `${path}: ${response.status}`);
    return (await response.json()) as Body;
  };

  const providerAt = (name: string): Provider => ({
    async behave(behaviour) {
      await simulated(`/partners/${name}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(behaviour),
      });
    },
    totals: () => simulated(`/partners/${name}`),
    async requests() {
      return (
        await simulated<{ items: { headers: Record<string, string>; body: string; at: number }[] }>(
          `/partners/${name}/requests`,
        )
      ).items;
    },
  });

  const view = (id: string): Promise<CampaignView> => admin("GET", `/api/campaigns/${id}`);
  return {
    async define(id, campaign) {
      await admin("PUT", `/api/campaigns/${id}`, campaign);
    },
    async add(id, members) {
      const answer = await client.lines<{ added: number; duplicates: number; invalid: unknown[] }>(
        `/api/campaigns/${id}/members`,
        members.map((member) => JSON.stringify(member)).join("\n"),
      );
      assert.is(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    },
    tell: (id, verb) => admin("POST", `/api/campaigns/${id}/${verb}`, {}),
    view,
    becomes: (id, status, deadlineMs) =>
      until(
        `campaign ${id} is ${status}`,
        async () => {
          const shown = await view(id);
          for (const { entered, left, failed, waiting, working } of shown.funnel)
            assert.is(entered, left + failed + waiting + working);
          if (shown.status === status) return shown;
          throw new Error(JSON.stringify({ ...shown.counts, status: shown.status, pace: shown.pace }));
        },
        deadlineMs,
      ),
    async members(id, query = "") {
      return (await admin<{ items: MemberView[] }>("GET", `/api/campaigns/${id}/members?limit=200${query}`))
        .items;
    },
    async provider(id, settings = {}) {
      const name = `provider-${id}`;
      await admin("PUT", `/api/partners/${id}`, {
        name,
        delivery: { type: "http", url: `${simulatorUrl}/partners/${name}`, timeout_ms: 5_000 },
        retry: { max_attempts: 5, base_ms: 20, max_ms: 200 },
        circuit: { failure_threshold: 1_000, open_ms: 200 },
        ...settings,
      });
      return providerAt(name);
    },
    async analysis(id, settings = {}) {
      const name = `analysis-${id}`;
      const url = `${simulatorUrl}/partners/${name}`;
      await admin("PUT", `/api/analysis-services/${id}`, { type: "http", url, ...settings });
      return providerAt(name);
    },
    simulated: providerAt,
    reply: (id, said) => admin("POST", `/api/campaigns/${id}/replies`, said),
  };
}
