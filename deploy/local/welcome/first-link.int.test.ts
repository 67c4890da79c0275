// The link that a start prints, against a real gateway.
import * as assert from "uvu/assert";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { firstLink } from "./first-link.ts";

const { test, yard } = await gatewaySuite("the first link");
const link = (): Promise<string | undefined> =>
  firstLink(yard.url, ADMIN_TOKEN, new AbortController().signal);

test("each start makes a new link, until somebody has come in by one", async () => {
  const [first = "", second = ""] = [await link(), await link()];
  assert.ok(first.startsWith(`${yard.url}/set-up#`), first);
  assert.is.not(first, second);
  const follow = (url: string) =>
    yard.call("/api/setup", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        token: new URL(url).hash.slice(1),
        name: "Ada",
        password: "a long way to the yard",
      }),
    });
  assert.is((await follow(first)).status, 404);
  assert.is((await follow(second)).status, 200);
  assert.is(await link(), undefined);
});

test("says what is wrong where the token is not the gateway's", async () => {
  const refused = await firstLink(yard.url, "another", new AbortController().signal).catch(String);
  assert.match(String(refused), /401/);
});

test.run();
