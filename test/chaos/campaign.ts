// A campaign that runs through a round: it is defined, filled and started by whichever gateway answers, and some of its members reply, each
// message several times over. What is sent goes to a partner of its own, whose requests and effects are counted like those of all others.
import { setTimeout as pause } from "node:timers/promises";
import type { Answer, YardClient } from "../e2e/client.ts";
import { untilInOwnTime } from "../harness/own-time.ts";
import type { Random } from "../harness/random.ts";
import { CAMPAIGN_PARTNER, MEMBERS } from "./campaign-invariants.ts";

export interface RoundCampaign {
  readonly id: string;
  /** Resolves once all members were taken in, the campaign was started and every reply was taken. */
  readonly begun: Promise<void>;
}

interface CampaignOptions {
  readonly clients: readonly YardClient[];
  readonly random: Random;
  readonly id: string;
}

const STEPS = [
  { id: "hello", type: "send", partner: CAMPAIGN_PARTNER, template: { subject: "Hello {{full_name}}" } },
  { id: "listen", type: "wait", for: "2s", on_reply: "thanks" },
  { id: "remind", type: "send", partner: CAMPAIGN_PARTNER, template: { subject: "Again, {{full_name}}" } },
  { id: "rest", type: "wait", for: "1s" },
  { id: "silent", type: "end" },
  { id: "thanks", type: "send", partner: CAMPAIGN_PARTNER, template: { subject: "Thanks" } },
  { id: "over", type: "end" },
];
const CONCURRENCY = 20;
const REPLY = 0.4;
/** Replies come while members are in any step. */
const REPLIES_WITHIN_MS = 6_000;
const REPLIED_TWICE = 0.3;
const ASK_MS = 90_000;

export function runCampaign({ clients, random, id }: CampaignOptions): RoundCampaign {
  let turn = random.between(0, 1_000);
  const members = Array.from({ length: MEMBERS }, (_, n) => `${id}-m${n}@example.com`);
  const replying = members
    .filter(() => random.next() < REPLY)
    .map((email) => ({
      email,
      afterMs: random.between(0, REPLIES_WITHIN_MS),
      times: random.next() < REPLIED_TWICE ? 2 : 1,
    }));

  /** Asked of one gateway after the other until one says that it is done. */
  const insist = (what: string, ask: (client: YardClient) => Promise<Answer>): Promise<Answer> =>
    untilInOwnTime(
      what,
      async () => {
        const client = clients[turn++ % clients.length];
        const answer = client && (await ask(client));
        if (answer?.status === 200) return answer;
        await pause(100);
        throw new Error(`answered ${answer?.status}: ${JSON.stringify(answer?.body)}`);
      },
      ASK_MS,
    );

  async function reply({ email, afterMs, times }: (typeof replying)[number]): Promise<void> {
    await pause(afterMs);
    const body = { email, message_id: `<${email}>`, text: "Yes, please" };
    await Promise.all(
      Array.from({ length: times }, () =>
        insist(`the reply of ${email} is taken`, (client) =>
          client.admin("POST", `/api/campaigns/${id}/replies`, body),
        ),
      ),
    );
  }

  async function begin(): Promise<void> {
    const path = `/api/campaigns/${id}`;
    await insist(`campaign ${id} is defined`, (client) =>
      client.admin("PUT", path, { name: id, concurrency: CONCURRENCY, steps: STEPS }),
    );
    const lines = members.map((email) => JSON.stringify({ email, full_name: "Grace" })).join("\n");
    await insist(`the members of ${id} are taken in`, (client) => client.lines(`${path}/members`, lines));
    await insist(`campaign ${id} is started`, (client) => client.admin("POST", `${path}/start`, {}));
    await Promise.all(replying.map(reply));
  }

  const begun = begin();
  // Looked at when the round is over.
  begun.catch(() => undefined);
  return { id, begun };
}
