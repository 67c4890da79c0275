// Every method of the protocol that this server answers. All others get UNIMPLEMENTED from gRPC at once.
import type { Server } from "@grpc/grpc-js";
import { serveAppend, serveDelete, serveTombstone } from "./append.ts";
import { serveBatchAppend } from "./batch-append.ts";
import { decodeAppendPart, decodeTargetRequest } from "./codec/append.ts";
import { decodeBatchChunk } from "./codec/batch-append.ts";
import { decodeReadRequest } from "./codec/read-request.ts";
import { serveGossip } from "./gossip.ts";
import { PERSISTENT_SUBSCRIPTION_PATHS, refusePersistentSubscription } from "./persistent-subscriptions.ts";
import { serveRead } from "./read.ts";
import { serveSupportedMethods } from "./server-features.ts";
import type { Services } from "./services.ts";

const STREAMS = "/event_store.client.streams.Streams";
const GOSSIP = "/event_store.client.gossip.Gossip";
const SERVER_FEATURES = "/event_store.client.server_features.ServerFeatures";

/** Handlers answer with messages that are encoded already. */
const asIs = (bytes: Buffer): Buffer => bytes;

export function registerRoutes(server: Server, services: Services): void {
  server.register(`${STREAMS}/Append`, serveAppend(services), asIs, decodeAppendPart, "clientStream");
  server.register(`${STREAMS}/BatchAppend`, serveBatchAppend(services), asIs, decodeBatchChunk, "bidi");
  server.register(`${STREAMS}/Read`, serveRead(services), asIs, decodeReadRequest, "serverStream");
  server.register(`${STREAMS}/Delete`, serveDelete(services), asIs, decodeTargetRequest, "unary");
  server.register(`${STREAMS}/Tombstone`, serveTombstone(services), asIs, decodeTargetRequest, "unary");
  server.register(`${GOSSIP}/Read`, serveGossip(), asIs, asIs, "unary");
  server.register(`${SERVER_FEATURES}/GetSupportedMethods`, serveSupportedMethods(), asIs, asIs, "unary");
  for (const path of PERSISTENT_SUBSCRIPTION_PATHS)
    server.register(path, refusePersistentSubscription, asIs, asIs, "bidi");
}
