import * as assert from "uvu/assert";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startIdentity } from "../../identity/app.ts";
import { startLeads } from "../../leads/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";

const roles = [startRelay, startLeads, startIdentity, startProjections];
const { test, yard } = await gatewaySuite("statistics over HTTP", {}, roles);

const stats = (query: string) => yard.admin("GET", `/api/stats?${query}`);

test("what came in is counted, by the leads' own filters, once a response reaches it", async () => {
  const ids: string[] = [];
  for (const body of [{ email: "a@example.com" }, { email: "b@example.com" }]) {
    const accepted = await yard.submit(body);
    ids.push(accepted.body.id);
    const { status, body: counted } = await stats(`by=source&after=${accepted.headers["x-position"]}`);
    assert.is(status, 200);
    assert.equal(
      counted.items.map(({ key, received }: Record<string, unknown>) => [key, received]),
      [["demo", ids.length]],
    );
  }
  let last = 0n;
  for (const id of ids)
    await until("no rule routes it", async () => {
      const newest = (await yard.eventStore().readStream(`submission-${id}`)).at(-1);
      if (newest !== undefined && newest.position > last) last = newest.position;
      return newest?.type === "SubmissionUnrouted";
    });
  for (const bucket of ["minute", "hour", "day"])
    for (const clock of ["received", "ended"]) {
      const { headers, body } = await stats(`by=rule&bucket=${bucket}&clock=${clock}&after=${last}`);
      assert.ok(BigInt(String(headers["x-position"])) >= last);
      const sum = (name: string) =>
        body.items.reduce((all: number, item: Record<string, number>) => all + (item[name] ?? 0), 0);
      assert.equal([sum("received"), sum("unrouted"), sum("delivered")], [2, 2, 0]);
      assert.ok(
        body.items.every(({ key, p50_ms, p99_ms }: Record<string, number>) => !key && p50_ms && p99_ms),
      );
    }
  const listed = await yard.admin("GET", `/api/leads?status=unrouted&after=${last}`);
  const { body } = await stats(`after=${last}`);
  assert.equal(
    body.items.map(({ key, received }: Record<string, unknown>) => [key, received]),
    [["unrouted", listed.body.items.length]],
  );
});

test("a time in which nothing came has no items", async () => {
  const { status, body } = await stats("from=2020-01-01&to=2020-02-01T00:00:00%2B02:00");
  assert.equal([status, body], [200, { items: [] }]);
  assert.equal((await stats("to=0000-01-01")).body, { items: [] });
  assert.equal((await stats("bucket=day&from=9999-12-30&to=9999-12-31T23:59:59-23:59")).body, { items: [] });
});

test("what can't be answered is a 400 that says what to ask instead", async () => {
  const refused = {
    "bucket=week": /bucket/,
    "by=person": /by/,
    "clock=local": /clock/,
    "from=yesterday": /from: invalid ISO date/,
    "since=2020-01-01": /since/,
    "from=2020-02-01&to=2020-01-01": /from must be before/,
    "from=2999-01-01": /from must be before/,
    "bucket=minute&from=2020-01-01&to=2020-01-03": /2880 buckets.*at most 1500; ask for/,
    "from=2020-01-01": /ask for a shorter time, or for longer buckets/,
  };
  for (const [query, said] of Object.entries(refused)) {
    const { status, body } = await stats(query);
    assert.is(status, 400, query);
    assert.match(body.detail, said);
    assert.is(body.errors.length, 1);
  }
  const most = "bucket=minute&from=2020-01-01&to=2020-01-02T01:00:00Z";
  assert.is((await stats(most)).status, 200);
  assert.is((await stats(`${most.slice(0, -2)}1Z`)).status, 400);
});

test("only the bearer of the token sees them", async () => {
  assert.is((await yard.call("/api/stats")).status, 401);
});

test.run();
