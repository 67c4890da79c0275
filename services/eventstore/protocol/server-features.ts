// ServerFeatures: clients choose their ways of calling by what is named here, and by nothing else.
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { SupportedMethod } from "./codec/cluster.ts";
import { encodeSupportedMethods } from "./codec/cluster.ts";

/** The version whose behaviour is served; clients compare it. */
const SERVER_VERSION = "24.10.0";

/** The names are lower-case, as the real server writes them. */
function methodsOf(service: string, methods: readonly string[]): SupportedMethod[] {
  return methods.map((method) => ({ service, method }));
}

const methods = [
  ...methodsOf("event_store.client.streams.streams", [
    "append",
    "batchappend",
    "delete",
    "read",
    "tombstone",
  ]),
  ...methodsOf("event_store.client.gossip.gossip", ["read"]),
  ...methodsOf("event_store.client.server_features.serverfeatures", ["getsupportedmethods"]),
];

export function serveSupportedMethods(): handleUnaryCall<Buffer, Buffer> {
  const answer = encodeSupportedMethods(SERVER_VERSION, methods);
  return (_call, reply) => reply(null, answer);
}
