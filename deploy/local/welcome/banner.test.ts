import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Endpoints } from "#platform/endpoints.ts";
import { banner } from "./banner.ts";

const test = suite("what the start says at its end");

const endpoints: Endpoints = {
  http_url: "http://127.0.0.1:8080",
  nats_url: "nats://127.0.0.1:4222",
  eventstore_url: "esdb://127.0.0.1:2113",
  database_url: "postgres://127.0.0.1:5432/yard",
  simulator_url: "http://127.0.0.1:8090",
  processes: [
    { name: "gateway", roles: ["gateway"], url: "http://127.0.0.1:8080" },
    { name: "simulator", roles: ["simulator"], url: "http://127.0.0.1:31000" },
  ],
  pid: 1,
  started_at: "2026-03-02T12:00:00Z",
};
const said = (setUpLink?: string): string =>
  banner({
    endpoints,
    adminToken: "token",
    setUpLink,
    sources: [],
    roles: ["gateway", "simulator"],
    seconds: "5.0",
  });

test("where the console is, before and after the first admin has come in", () => {
  for (const link of [undefined, "http://127.0.0.1:8080/set-up#abc"])
    assert.match(said(link), /^ {2}console +http:\/\/127\.0\.0\.1:8080$/m);
  assert.match(said("http://127.0.0.1:8080/set-up#abc"), /^ {2}sign in +\S+set-up#abc$/m);
  assert.not.match(said(), /sign in/);
});

test("where partners are played, apart from where the simulator's process tells its figures", () => {
  assert.match(said(), /^ {2}partners +http:\/\/127\.0\.0\.1:8090\/partners, played by the simulator$/m);
  assert.match(said(), /31000\/metrics +simulator$/m);
  assert.not.match(said(), /^ {2}simulator /m);
});

test.run();
