import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { PartnerSettings } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { createLog } from "#platform/log.ts";
import { until } from "../../test/harness/wait.ts";
import { createRetirement } from "./retirement.ts";

const test = suite("retirement");

test("looks at the others behind a removed partner that can't be looked at", async () => {
  const config = PartnerSettings.parse({ name: "x" });
  const removed: ConfiguredPartner = { config, version: 1, delivery: undefined, standing: "removed" };
  const [ill, well] = [PartnerId.parse("ill"), PartnerId.parse("well")];
  const behind = { ...removed };
  let owed = 0;
  const retirement = createRetirement({
    partners: () =>
      new Map([
        [ill, removed],
        [well, behind],
      ]),
    eventStore: {
      async readStreamBackwards(stream) {
        if (stream === partnerStream(ill)) throw new Error("its stream can't be read");
        return [];
      },
    },
    bus: { lastStoredAt: async () => undefined },
    onOwed: () => {
      owed += 1;
    },
    log: createLog({ level: "silent", name: "test", instance: "test" }),
  });
  await until("the other is looked at", () => owed === 1, 3_000).finally(() => retirement.close());
  assert.equal([retirement.isOwed(removed), retirement.isOwed(behind)], [false, true]);
});

test.run();
