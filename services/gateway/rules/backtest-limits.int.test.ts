import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { createLifecycle } from "#platform/lifecycle.ts";
import { connectionsTo } from "../../../test/gateway/gateway.ts";
import { until } from "../../../test/harness/wait.ts";
import { userPerson } from "../access/person.ts";
import { adminScope } from "../admin/scope.ts";
import { zodValidator } from "../http/route-schema.ts";
import { createServer } from "../http/server.ts";
import { backtestRoutes } from "./backtest.ts";

// On a store that nobody can reach, a back-test is under way for as long as its reader stays.

const test = suite("limits of back-tests");
const log = pino({ level: "silent" });
const lifecycle = createLifecycle({ log, deadlineMs: 10_000 });
const app = createServer(log);
let url = "";

test.before(async () => {
  const nowhere = `127.0.0.1:${await freePort()}`;
  const routes = backtestRoutes({
    view: { position: 0n, current: () => assert.unreachable() as never },
    connections: connectionsTo({
      eventStore: { connectionString: `esdb://${nowhere}?tls=false` },
      nats: { url: `nats://${nowhere}` },
      postgres: { url: `postgres://${nowhere}/none` },
      secret: "",
    }),
    lifecycle,
    log,
  });
  await app.register(
    adminScope(
      {
        identify: async (headers) =>
          userPerson({ id: "", name: String(headers["x-person"]), role: "manager" }),
        recorder: { commit: () => Promise.reject(new Error("nothing is recorded here")) },
      },
      [
        async (scope) => {
          scope.setValidatorCompiler(zodValidator("unacceptable"));
          await scope.register(routes);
        },
      ],
    ),
  );
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
test.after(async () => {
  await lifecycle.stop("the test is over");
  await app.close();
});

interface Begun {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined while it is under way. */
  readonly refused: { readonly detail: string } | undefined;
  leave(): void;
}

async function begin(person: string): Promise<Begun> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/rules/backtest`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-person": person,
      authorization: "Bearer x",
      connection: "close",
    },
    body: JSON.stringify({ rules: [] }),
    signal: leaving.signal,
  });
  const { status, headers } = response;
  return {
    status,
    headers,
    refused: status === 200 ? undefined : ((await response.json()) as { readonly detail: string }),
    leave: () => leaving.abort(),
  };
}

test("two people have one each, a third is told when to come again, and comes in when one has left", async () => {
  const [ada, bob] = [await begin("ada"), await begin("bob")];
  assert.equal([ada.status, bob.status], [200, 200]);
  const again = await begin("ada");
  assert.is(again.status, 409);
  assert.match(again.refused?.detail ?? "", "of yours is under way");
  const third = await begin("eve");
  assert.is(third.status, 429);
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  assert.match(third.headers.get("content-type") ?? "", "application/problem+json");
  assert.match(third.refused?.detail ?? "", "try again when one has ended");

  ada.leave();
  let later = third;
  await until("the third comes in", async () => {
    later = await begin("eve");
    return later.status === 200;
  });
  assert.is((await begin("ada")).status, 429);
  bob.leave();
  later.leave();
});

test.run();
