// Persistent subscriptions are not offered. The client calls some of their methods without asking ServerFeatures first,
// so each of them responds with the reason.
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { grpcError } from "./errors.ts";

const SERVICE = "/event_store.client.persistent_subscriptions.PersistentSubscriptions";
const METHODS = ["Create", "Update", "Delete", "Read", "GetInfo", "List", "ReplayParked", "RestartSubsystem"];

export const PERSISTENT_SUBSCRIPTION_PATHS = METHODS.map((method) => `${SERVICE}/${method}`);

/** Every method is served as a bidirectional stream: such a call can end before its client has sent everything. */
export function rejectPersistentSubscription(call: ServerDuplexStream<Buffer, Buffer>): void {
  const reason =
    "The embedded event store does not offer persistent subscriptions. Use a catch-up subscription, or a real EventStoreDB.";
  call.emit("error", grpcError(status.UNIMPLEMENTED, reason));
}
