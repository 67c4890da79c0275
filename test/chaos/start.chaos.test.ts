// A process with every role loses NATS, the event store and PostgreSQL again and again while it starts, and starts all the same.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configureDemo } from "../e2e/demo-partners.ts";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { type CuttingProxy, startCuttingProxy } from "../harness/cutting-proxy.ts";
import { COMPILED, portOf, urlThrough } from "./ways.ts";

const test = suite("a start that loses its connections");
/** A request to NATS that is lost is waited for, so that more of them take long. */
const CUTS = { NATS_URL: 8, EVENTSTORE_URL: 6, DATABASE_URL: 20 } as const;
type Variable = keyof typeof CUTS;
const VARIABLES = Object.keys(CUTS) as Variable[];
const ways: { readonly variable: Variable; readonly way: CuttingProxy }[] = [];
let yard: RunningYard | undefined;

test.after(async () => {
  await yard?.stop();
  await Promise.all(ways.map(({ way }) => way.close()));
});

test("goes on where it was, whatever it was that was lost", async () => {
  yard = await startYard("together", {
    async environmentOf(_name, env) {
      const own: Record<string, string> = { ...COMPILED };
      for (const variable of VARIABLES) {
        const url = env[variable] ?? "";
        const way = await startCuttingProxy(portOf(url), CUTS[variable]);
        ways.push({ variable, way });
        own[variable] = urlThrough(url, way.port);
      }
      return own;
    },
  });
  for (const { variable, way } of ways) assert.ok(way.cut > 3, `${variable} was lost ${way.cut} times`);
  await configureDemo(yard.client, yard.simulatorUrl);
  const submission = { email: "grace@example.com", full_name: "Grace", country: "US", interest: "Education" };
  const lead = await yard.client.ended(await yard.client.submitUntilAccepted(submission), 60_000);
  assert.is(lead.status, "delivered");
});

test.run();
