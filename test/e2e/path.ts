// One submission from HTTP to the partner: the same sentences for one process and for seven.
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../harness/wait.ts";
import {
  behave,
  configureDemo,
  configurePartner,
  configureRules,
  demoRules,
  effectsAt,
} from "./demo-partners.ts";
import { type Layout, type RunningYard, startYard } from "./yard.ts";

export function pathOfASubmission(layout: Layout): void {
  const test = suite(`one submission, roles ${layout}`);
  let yard: RunningYard;

  test.before(async () => {
    yard = await startYard(layout);
    await configureDemo(yard.client, yard.simulatorUrl);
  });
  test.after(() => yard?.stop());

  const person = (): Record<string, string> => {
    const id = randomUUID().slice(0, 8);
    return { email: `${id}@example.com`, full_name: `Ada ${id}`, country: "US" };
  };

  test("is answered at once, delivered by the rules, and tells its whole history", async () => {
    const answer = await yard.client.submit({ ...person(), interest: "Education", campaign: "autumn" });
    assert.is(answer.status, 202);
    assert.is(answer.body.outcome, "accepted");
    const lead = await yard.client.ended(answer.body.id);
    assert.is(lead.status, "delivered");
    assert.is(lead.partner, "edu");
    assert.is(lead.attempts, 1);
    assert.is(lead.payload.campaign, "autumn");
    assert.ok(lead.person_id);

    const timeline = await yard.client.timeline(lead.id);
    const types = timeline.map((item) => item.type);
    assert.equal(types, [
      "SubmissionReceived",
      "PersonIdentified",
      "SubmissionRouted",
      "DeliveryStarted",
      "DeliverySucceeded",
    ]);
    const attempt = timeline.find((item) => item.type === "DeliverySucceeded");
    assert.ok(attempt?.response);
    assert.ok((attempt?.timings?.total_ms ?? -1) >= (attempt?.timings?.partner_ms ?? 0));
    assert.ok(timeline.find((item) => item.type === "DeliveryStarted")?.request);
  });

  test("goes to each partner that the rules name", async () => {
    const submissions: [Record<string, string>, string][] = [
      [{ interest: "Finance", country: "US" }, "fin"],
      [{ interest: "Finance", country: "DE" }, "fallback"],
      [{ interest: "Gardening", country: "US" }, "fallback"],
    ];
    for (const [fields, partner] of submissions) {
      const id = await yard.client.submitUntilAccepted({ ...person(), ...fields });
      assert.is((await yard.client.ended(id)).partner, partner, JSON.stringify(fields));
    }
  });

  test("sent twice is taken once; the same key with another body is refused", async () => {
    const [body, key] = [{ ...person(), interest: "Education" }, randomUUID()];
    const first = await yard.client.submit(body, { key });
    const again = await yard.client.submit(body, { key });
    assert.is(again.status, 202);
    assert.is(again.body.id, first.body.id);
    assert.is(again.body.duplicate, true);
    assert.is((await yard.client.submit({ ...body, interest: "Finance" }, { key })).status, 422);
  });

  test("is tried again when the partner fails, under the same id", async () => {
    await configurePartner(yard.client, yard.simulatorUrl, "flaky");
    await behave(yard.simulatorUrl, "flaky", { behaviour: "fails_then_well", times: 2 });
    await configureRules(yard.client, [{ ...(demoRules[2] as object), route: { to: "flaky" } }]);
    const lead = await yard.client.ended(await yard.client.submitUntilAccepted(person()));
    assert.is(lead.status, "delivered");
    assert.is(lead.attempts, 3);
    const { ids, effects, max_requests } = await effectsAt(yard.simulatorUrl, "flaky");
    assert.equal({ ids, effects, max_requests }, { ids: 1, effects: 1, max_requests: 3 });
    await configureRules(yard.client, demoRules);
  });

  test("that every partner of a waterfall declines ends rejected, with the last one's reason", async () => {
    for (const id of ["first", "second"]) {
      await configurePartner(yard.client, yard.simulatorUrl, id);
      await behave(yard.simulatorUrl, id, { behaviour: "rejecting", reason: `${id} says no` });
    }
    const waterfall = { ...(demoRules[2] as object), route: { waterfall: ["first", "second"] } };
    await configureRules(yard.client, [waterfall]);
    const lead = await yard.client.ended(await yard.client.submitUntilAccepted(person()));
    assert.is(lead.status, "rejected");
    assert.is(lead.partner, "second");
    assert.is((await effectsAt(yard.simulatorUrl, "first")).effects, 0);
    await configureRules(yard.client, demoRules);
  });

  test("whose partner stays down is dead-lettered, visibly", async () => {
    await configurePartner(yard.client, yard.simulatorUrl, "down", {
      retry: { max_attempts: 2, base_ms: 20 },
    });
    await behave(yard.simulatorUrl, "down", { behaviour: "failing", rate: 1 });
    await configureRules(yard.client, [{ ...(demoRules[2] as object), route: { to: "down" } }]);
    const lead = await yard.client.ended(await yard.client.submitUntilAccepted(person()));
    assert.is(lead.status, "dead_lettered");
    assert.is(lead.attempts, 2);
    await configureRules(yard.client, demoRules);
  });

  test("that no rule matches is unrouted", async () => {
    await configureRules(yard.client, [demoRules[0]]);
    const lead = await yard.client.ended(
      await yard.client.submitUntilAccepted({ ...person(), interest: "Art" }),
    );
    assert.is(lead.status, "unrouted");
    await configureRules(yard.client, demoRules);
  });

  test("survives a restart of everything, and the wiping of all that JetStream kept", async () => {
    await behave(yard.simulatorUrl, "edu", { behaviour: "failing", rate: 1 });
    await configurePartner(yard.client, yard.simulatorUrl, "edu", {
      retry: { max_attempts: 100, base_ms: 50 },
    });
    const ids = await Promise.all(
      Array.from({ length: 20 }, () =>
        yard.client.submitUntilAccepted({ ...person(), interest: "Education" }),
      ),
    );
    await until("they are on their way", async () => {
      const views = await Promise.all(ids.map((id) => yard.client.lead(id)));
      return views.every((view) => view.attempts > 0);
    });
    await yard.stopApplication();
    await yard.wipeJetStream();
    // The simulator starts anew and healthy.
    await yard.startApplication();
    const leads = await Promise.all(ids.map((id) => yard.client.ended(id, 60_000)));
    assert.equal(new Set(leads.map((lead) => lead.status)), new Set(["delivered"]));
    const { effects, max } = await effectsAt(yard.simulatorUrl, "edu");
    assert.equal({ effects, max }, { effects: 20, max: 1 });
  });

  test.run();
}
