// Every method of the protocol that this server has. gRPC responds UNIMPLEMENTED to all others.
import type { Server } from "@grpc/grpc-js";
import { serveAppend, serveDelete } from "./append.ts";
import { serveBatchAppend } from "./batch-append.ts";
import { decodeAppendPart } from "./codec/append.ts";
import { decodeBatchChunk } from "./codec/batch-append.ts";
import { decodeReadRequest } from "./codec/read-request.ts";
import { decodeDelete } from "./codec/write-options.ts";
import { COPY_PATH, serveCopy } from "./copy.ts";
import { serveGossip, serveSupportedMethods } from "./discovery.ts";
import type { HandlerContext } from "./handler-context.ts";
import { PERSISTENT_SUBSCRIPTION_PATHS, rejectPersistentSubscription } from "./persistent-subscriptions.ts";
import { serveRead } from "./read.ts";

const STREAMS = "/event_store.client.streams.Streams";
const GOSSIP = "/event_store.client.gossip.Gossip";
const SERVER_FEATURES = "/event_store.client.server_features.ServerFeatures";

/** Handlers respond with messages that are encoded already. */
const asIs = (bytes: Buffer): Buffer => bytes;

export function registerRoutes(server: Server, context: HandlerContext): void {
  const softDelete = serveDelete(context, "softDelete");
  const tombstone = serveDelete(context, "tombstone");
  server.register(`${STREAMS}/Append`, serveAppend(context), asIs, decodeAppendPart, "clientStream");
  server.register(`${STREAMS}/BatchAppend`, serveBatchAppend(context), asIs, decodeBatchChunk, "bidi");
  server.register(`${STREAMS}/Read`, serveRead(context), asIs, decodeReadRequest, "serverStream");
  server.register(`${STREAMS}/Delete`, softDelete, asIs, decodeDelete, "unary");
  server.register(`${STREAMS}/Tombstone`, tombstone, asIs, decodeDelete, "unary");
  server.register(`${GOSSIP}/Read`, serveGossip(), asIs, asIs, "unary");
  server.register(`${SERVER_FEATURES}/GetSupportedMethods`, serveSupportedMethods(), asIs, asIs, "unary");
  server.register(COPY_PATH, serveCopy(context), asIs, asIs, "unary");
  for (const path of PERSISTENT_SUBSCRIPTION_PATHS)
    server.register(path, rejectPersistentSubscription, asIs, asIs, "bidi");
}
