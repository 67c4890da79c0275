import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../test/harness/wait.ts";
import { showDependencies } from "./dependency-health.ts";
import { createHealth } from "./health.ts";
import { createMetrics } from "./metrics.ts";

const test = suite("the health of dependencies as a figure");

test("tells each that is up or down, not the start, and waits for none", async () => {
  const [health, metrics] = [createHealth(), createMetrics()];
  health.add("start", () => undefined);
  health.add("nats", () => {
    throw new Error("not connected");
  });
  health.add("database", () => undefined);
  // Never answers: the figures must not wait for it.
  health.add("eventstore", () => new Promise<void>(() => undefined));
  showDependencies(health, metrics);
  const figures = (): Promise<string> => metrics.registry.metrics();
  assert.not.match(await figures(), /dependency_up\{/);
  const shown = await until("the dependencies are shown", async () => {
    const text = await figures();
    return text.includes('dependency_up{dependency="eventstore"}') && text;
  });
  assert.match(shown, 'switchyard_dependency_up{dependency="nats"} 0');
  assert.match(shown, 'switchyard_dependency_up{dependency="database"} 1');
  assert.match(shown, 'switchyard_dependency_up{dependency="eventstore"} 0');
  assert.not.match(shown, 'dependency="start"');
});

test.run();
