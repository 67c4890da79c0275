// A whole yard with a gateway, in which leads die and are moved.
import type { PartnerId } from "#domain/ids.ts";
import { newSecret } from "#platform/webhooks.ts";
import type { StartRole, Yard } from "#platform/yard.ts";
import { createProgressQueries } from "#projections/progress.ts";
import { startGateway } from "../../services/gateway/app.ts";
import { startIdentity } from "../../services/identity/app.ts";
import { startLeads } from "../../services/leads/app.ts";
import { startPartners } from "../../services/partners/app.ts";
import { startProjections } from "../../services/projections/app.ts";
import { startRelay } from "../../services/relay/app.ts";
import { startTimers } from "../../services/timers/app.ts";
import { until } from "../harness/wait.ts";
import type { Routed } from "../partners/route.ts";
import { type PartnerYard, startPartnerYard } from "../partners/yard.ts";

const TOKEN = "a-token-for-this-test";

export interface Answer {
  readonly status: number;
  readonly position: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
}

export interface DeadLetterYard extends PartnerYard {
  readonly secret: string;
  /** Of the gateway. */
  readonly inside: Yard;
  readonly url: string;
  readonly token: string;
  /** With the admin token, or another one. */
  api(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
  /** The partner fails each until its tries are over; its leads as they lie among the dead letters. */
  die(partner: PartnerId, count: number, payload?: Record<string, unknown>): Promise<Routed[]>;
  /** Waits until the list of this partner's dead letters has so many. */
  lies(partner: string, count: number): Promise<Answer["body"][]>;
  /** Everything in the model, before and after it was built anew; to be called once nothing moves any more. */
  rebuilt(): Promise<{ readonly before: unknown; readonly after: unknown }>;
  status(routed: Pick<Routed, "submission_id">): Promise<string>;
  ends(routed: Pick<Routed, "submission_id">, status: string): Promise<void>;
}

/** Tries that are over at once. */
export const SHORT = {
  retry: { max_attempts: 2, base_ms: 1, max_ms: 5 },
  circuit: { failure_threshold: 10_000, open_ms: 100 },
};

/** Every role but the gateway. */
export const WORKERS: readonly StartRole[] = [
  startRelay,
  startLeads,
  startIdentity,
  startPartners,
  startProjections,
  startTimers,
];

/** With these roles beside the gateway. */
export async function startDeadLetterYard(...roles: StartRole[]): Promise<DeadLetterYard> {
  const yard = await startPartnerYard();
  await yard.start("work", ...roles);
  const { yard: own } = await yard.start("gateway");
  const secret = newSecret();
  const config = { ...own.config, adminToken: TOKEN, sources: [{ id: "demo", secret }] };
  const inside = { ...own, config };
  const { url = "" } = await startGateway(inside, { isWarmedUp: false });

  async function api(method: string, path: string, body?: unknown, token = TOKEN): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const position = response.headers.get("x-position");
    return { status: response.status, position, body: text === "" ? undefined : JSON.parse(text) };
  }

  const status: DeadLetterYard["status"] = async ({ submission_id }) =>
    (await api("GET", `/api/leads/${submission_id}`)).body.status;

  const lies: DeadLetterYard["lies"] = (partner, count) =>
    until(
      `${count} of ${partner} lie there`,
      async () => {
        const found: Answer["body"][] = [];
        for (let cursor = ""; ; ) {
          const { body } = await api("GET", `/api/dlq?partner=${partner}&limit=200${cursor}`);
          found.push(...body.items);
          if (body.next_cursor === undefined) break;
          cursor = `&cursor=${body.next_cursor}`;
        }
        if (found.length !== count) throw new Error(`there are ${found.length}`);
        return { found };
      },
      60_000,
    ).then(({ found }) => found);

  const database = yard.own.database();
  const dump = async (): Promise<unknown[]> => [
    await database.query("select * from dead_letters.letter order by id"),
    await database.query("select * from dead_letters.request order by id"),
    await database.query("select * from dead_letters.cause order by stage, partner, cause"),
  ];
  const progress = createProgressQueries({ database, eventStore: yard.own.eventStore() });
  const rebuiltAt = async (): Promise<string | null | undefined> =>
    (await progress.list()).find(
      ({ name, rebuilding }) => name === "dead_letters" && rebuilding === undefined,
    )?.rebuilt_at;

  return {
    ...yard,
    async rebuilt() {
      await until("all requests are carried out", async () => {
        const [row] = await database.query<{ count: bigint }>(
          "select count(*) from dead_letters.request where not carried_out",
        );
        return row?.count === 0n;
      });
      const before = await dump();
      const then = await rebuiltAt();
      await api("POST", "/api/projections/dead_letters/rebuild");
      await until("it is rebuilt", async () => {
        const now = await rebuiltAt();
        return now !== undefined && now !== then;
      });
      return { before, after: await dump() };
    },
    secret,
    inside,
    url,
    token: TOKEN,
    api,
    status,
    lies,
    async die(partner, count, payload = { email: "ann@example.com" }) {
      const some: Routed[] = [];
      for (let n = 0; n < count; n += 1) some.push(await yard.route(partner, { ...payload, n }));
      await lies(partner, count);
      return some;
    },
    ends: async (routed, wanted) => {
      await until(
        `${routed.submission_id} is ${wanted}`,
        async () => {
          const is = await status(routed);
          if (is !== wanted) throw new Error(`it is ${is}`);
          return true;
        },
        30_000,
      );
    },
  };
}
