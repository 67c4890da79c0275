// A stream lasts no longer than the token by which it was opened.
import * as assert from "uvu/assert";
import { readStream } from "../../../test/gateway/stream-reader.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, yard } = await gatewaySuite("the stream of whoever signs out");

test("ends once its token is revoked, and says so", async () => {
  const { body } = await yard.admin("POST", "/api/tokens", { name: "watcher", role: "viewer" });
  const watching = await readStream({ url: yard.url, token: body.token });
  assert.is(watching.status, 200);
  assert.is((await yard.admin("DELETE", `/api/tokens/${body.id}`)).status, 204);
  const [end] = await watching.see("its end", ({ event }) => event === "end");
  assert.equal(end?.data, { reason: "signed_out" });
  await until("the connection is closed", () => watching.ended());
  assert.is((await readStream({ url: yard.url, token: body.token })).status, 401);
});

test.run();
