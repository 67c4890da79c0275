// Gossip: a cluster of one, whose leader is found wherever it was asked.
import { randomUUID } from "node:crypto";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { encodeLeader } from "./codec/cluster.ts";

const DEFAULT_PORT = 2113;

export function serveGossip(): handleUnaryCall<Buffer, Buffer> {
  const instanceId = randomUUID();
  return (call, reply) => {
    const { hostname, port } = new URL(`esdb://${call.getHost()}`);
    const address = hostname.replace(/^\[|\]$/g, "");
    reply(null, encodeLeader({ instanceId, address, port: Number(port) || DEFAULT_PORT, now: Date.now() }));
  };
}
