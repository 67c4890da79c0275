import { suite } from "uvu";
import { given as givenHistory } from "../fixtures/given.ts";
import { PartnerId } from "../ids.ts";
import { type PartnerConfigEvent, PartnerSettings } from "./config.ts";
import { partnerConfiguration } from "./configured.ts";

const partner = PartnerId.parse("edu");
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const config = PartnerSettings.parse({ name: "Education" });
const configured: PartnerConfigEvent = {
  type: "PartnerConfigured",
  data: { partner, config, delivery: { sealed } },
};
const removed: PartnerConfigEvent = { type: "PartnerRemoved", data: { partner, drain: "next" } };

const given = (...history: PartnerConfigEvent[]) => givenHistory(partnerConfiguration, ...history);
const configure = (expected_version: number, instead_of?: { sealed: typeof sealed }) =>
  ({ type: "configure", partner, config, delivery: sealed, instead_of, expected_version }) as const;
const test = suite("a partner as it is configured");

test("is configured anew by who has seen the version that is there", () => {
  given().when(configure(0)).then(configured);
  given(configured).when(configure(1, { sealed })).then(configured);
  given(configured, configured).when(configure(2, { sealed })).then(configured);
});

test("is not overwritten by who has seen another", () => {
  given(configured, configured).when(configure(1, { sealed })).thenRefused("version_moved", { version: 2 });
  given(configured).when(configure(0)).thenRefused("version_moved", { version: 1 });
  given().when(configure(3)).thenRefused("version_moved", { version: 0 });
});

test("is like one that there never was once it is removed", () => {
  given(configured, removed).when(configure(1)).thenRefused("version_moved", { version: 0 });
  given(configured, removed).when(configure(0)).then(configured);
});

test.run();
