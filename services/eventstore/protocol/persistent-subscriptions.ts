// Persistent subscriptions are not offered. The client calls some of their methods without asking ServerFeatures first,
// so each answers with the reason.
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { refusal } from "./refusals.ts";

const METHODS = ["Create", "Update", "Delete", "Read", "GetInfo", "List", "ReplayParked", "RestartSubsystem"];

export const PERSISTENT_SUBSCRIPTION_PATHS = METHODS.map(
  (method) => `/event_store.client.persistent_subscriptions.PersistentSubscriptions/${method}`,
);

/** Serves every method as a bidirectional stream: such a call can end at once, whether or not its client sends more. */
export function refusePersistentSubscription(call: ServerDuplexStream<Buffer, Buffer>): void {
  const message =
    "The embedded event store does not offer persistent subscriptions. Use a catch-up subscription, or a real EventStoreDB.";
  call.emit("error", refusal(status.UNIMPLEMENTED, message));
}
