import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CAUSES, NOT_CAUSED } from "./fixtures/alerts/causes.ts";

const test = suite("causes of alerts");

test("there is one for each alert but those that name a reason, and none for what is no alert", () => {
  const rules = readFileSync("deploy/prometheus/rules/alerts.yml", "utf8");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? "");
  const caused = new Set(CAUSES.flat().flatMap((cause) => cause.alerts));
  assert.equal([...caused, ...Object.keys(NOT_CAUSED)].sort(), alerts.sort());
});

test.run();
