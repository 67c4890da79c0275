import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLog } from "#platform/log.ts";
import { createMetrics } from "#platform/metrics.ts";
import { until } from "../../test/harness/wait.ts";
import { countDeadLetters } from "./dead-letter-gauge.ts";

const gauge = suite("gauge of dead letters");
const log = createLog({ level: "silent", name: "test", instance: "test" });

gauge("says nothing more once another process counts, whatever was asked before", async () => {
  const metrics = createMetrics();
  const counted = Promise.withResolvers<void>();
  let isAsked = false;
  const stop = countDeadLetters({
    letters: {
      async counts() {
        isAsked = true;
        await counted.promise;
        return [{ stage: "delivery", partner: "edu", count: 3n }];
      },
    },
    metrics,
    log,
  });
  await until("they are counted", () => isAsked);
  stop();
  counted.resolve();
  await new Promise(setImmediate);
  assert.equal((await metrics.deadLetters.get()).values, []);
});

gauge.run();
