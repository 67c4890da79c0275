// What a client asks before anything else: ServerFeatures says which methods there are, Gossip who leads.
import { randomUUID } from "node:crypto";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { encode, UUID, writeNested, writeString, writeUint32, writeUint64 } from "../protobuf.ts";

/** serverfeatures.proto */
const SUPPORTED_METHODS = { methods: 1, event_store_server_version: 2 } as const;
const SUPPORTED_METHOD = { method_name: 1, service_name: 2 } as const;
/** gossip.proto */
const CLUSTER_INFO = { members: 1 } as const;
const MEMBER_INFO = { instance_id: 1, time_stamp: 2, state: 3, is_alive: 4, http_end_point: 5 } as const;
const END_POINT = { address: 1, port: 2 } as const;
const LEADER = 8;

/** The version whose behaviour is served; clients compare it. */
const SERVER_VERSION = "24.10.0";
const DEFAULT_PORT = 2113;
const TICKS_PER_MILLISECOND = 10_000n;

/** By service. Names are lower-case, as the real server writes them; clients call nothing that is missing here. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  "event_store.client.streams.streams": ["append", "batchappend", "delete", "read", "tombstone"],
  "event_store.client.gossip.gossip": ["read"],
  "event_store.client.server_features.serverfeatures": ["getsupportedmethods"],
};

export function serveSupportedMethods(): handleUnaryCall<Buffer, Buffer> {
  const response = encode((writer) => {
    for (const [service, methods] of Object.entries(METHODS))
      for (const method of methods)
        writeNested(writer, SUPPORTED_METHODS.methods, () => {
          writeString(writer, SUPPORTED_METHOD.method_name, method);
          writeString(writer, SUPPORTED_METHOD.service_name, service);
        });
    writeString(writer, SUPPORTED_METHODS.event_store_server_version, SERVER_VERSION);
  });
  return (_call, callback) => callback(null, response);
}

/** A cluster of one, whose leader has the address that the client called. */
export function serveGossip(): handleUnaryCall<Buffer, Buffer> {
  const instanceId = randomUUID();
  return (call, callback) => {
    const { hostname, port } = new URL(`esdb://${call.getHost()}`);
    const response = encode((writer) =>
      writeNested(writer, CLUSTER_INFO.members, () => {
        writeNested(writer, MEMBER_INFO.instance_id, () => writeString(writer, UUID.string, instanceId));
        writeUint64(writer, MEMBER_INFO.time_stamp, BigInt(Date.now()) * TICKS_PER_MILLISECOND);
        writeUint32(writer, MEMBER_INFO.state, LEADER);
        writeUint32(writer, MEMBER_INFO.is_alive, 1);
        writeNested(writer, MEMBER_INFO.http_end_point, () => {
          writeString(writer, END_POINT.address, hostname.replace(/^\[|\]$/g, ""));
          writeUint32(writer, END_POINT.port, Number(port) || DEFAULT_PORT);
        });
      }),
    );
    callback(null, response);
  };
}
