// Alerts that a partner causes.
import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { newUuid } from "#platform/ids.ts";
import { type Cause, submitMany, whenOver } from "./cause.ts";

const FINANCE = { interest: "Finance", country: "US" };

export const openCircuit: Cause = {
  alerts: ["SwitchyardCircuitOpen"],
  what: "partner fin answers 503 to every delivery and every probe",
  async bring(yard, isOver) {
    await yard.behave("fin", { behaviour: "failing", rate: 1 });
    await yard.configure("fin", { circuit: { failure_threshold: 1, open_ms: 5_000 } });
    await submitMany(yard, 3, FINANCE);
    await whenOver(isOver);
    await yard.behave("fin", { behaviour: "healthy" });
  },
};

export const deadLetters: Cause = {
  alerts: ["SwitchyardDeadLettersGrow"],
  what: "partner fallback answers 503 and is tried once, so that each lead becomes a dead letter",
  async bring(yard, isOver) {
    await yard.behave("fallback", { behaviour: "failing", rate: 1 });
    await yard.configure("fallback", {
      retry: { max_attempts: 1 },
      circuit: { failure_threshold: 1_000, open_ms: 1 },
    });
    await submitMany(yard, 20, { interest: "whatever" });
    await whenOver(isOver);
    await yard.behave("fallback", { behaviour: "healthy" });
  },
};

export const unusablePartner: Cause = {
  alerts: ["SwitchyardPartnerUnusable"],
  what: "a partner is stored with a header that is none, as only another release could have stored it",
  async bring({ eventStoreUrl, client }, isOver) {
    const partner = "unusable";
    const delivery = { type: "http", url: "http://127.0.0.1:9/", headers: { "x-note": "a\nb" } };
    const settings = { retry: {}, circuit: {}, limits: {}, idempotent: true };
    const event = jsonEvent({
      id: newUuid(),
      type: "PartnerConfigured",
      data: { partner, config: { name: partner, enabled: true, delivery, ...settings } },
      metadata: { schema: 1, at: new Date().toISOString() },
    });
    const store = EventStoreDBClient.connectionString(eventStoreUrl);
    await store.appendToStream(PARTNER_CONFIG_STREAM, event);
    await store.dispose();
    await whenOver(isOver);
    await client.admin("DELETE", `/api/partners/${partner}`);
  },
};

export const stuckQueue: Cause = {
  alerts: ["SwitchyardQueueStuck"],
  what: "partner edu is paused while leads for it come in",
  async bring(yard, isOver) {
    await yard.client.admin("POST", "/api/partners/edu/pause", { reason: "to cause an alert" });
    await submitMany(yard, 60, { interest: "Education" });
    await whenOver(isOver);
    await yard.client.admin("POST", "/api/partners/edu/resume");
  },
};
