// Whoever is forgotten is forgotten as a member of campaigns too, also where the read model does not know the person yet.
import * as assert from "uvu/assert";
import { CampaignId } from "#domain/ids.ts";
import { memberKey } from "#domain/seal-contexts.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startIdentity } from "../../identity/app.ts";
import { startLeads } from "../../leads/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";
import { memberIdOf } from "../campaigns/members.ts";

const { test, yard } = await gatewaySuite("forgotten members", {}, [startRelay, startLeads, startIdentity]);

test("nobody is forgotten before all that is known of them can be", async () => {
  const campaign = CampaignId.parse("spring");
  const steps = [{ id: "rest", type: "wait", for: "1h" }];
  assert.is((await yard.admin("PUT", `/api/campaigns/${campaign}`, { name: "Spring", steps })).status, 200);
  const vault = await yard.vault();
  const member = memberKey(memberIdOf(campaign, "jane@example.com", vault));
  await vault.ensureKeys([member]);
  const { body } = await yard.submit({ email: "jane@example.com", full_name: "Jane Doe" });
  const person = await until("the person is identified", async () => {
    const events = await yard.eventStore().readStream(`submission-${body.id}`);
    const identified = events.find(({ type }) => type === "PersonIdentified");
    return (identified?.data as { person_id: string } | undefined)?.person_id;
  });

  const early = await yard.admin("DELETE", `/api/identities/${person}`);
  assert.is(early.status, 503, early.text);
  assert.match(early.body.detail, /read model .* is behind/);
  assert.equal(await vault.existing([member]), [member]);

  await startProjections(yard);
  await until("the person is forgotten", async () => {
    const { status } = await yard.admin("DELETE", `/api/identities/${person}`);
    return status === 200;
  });
  assert.equal(await vault.existing([member]), []);
});

test.run();
