// The PersistentSubscriptions service: its methods by their paths, and the handlers for them.
import pb from "@eventstore/db-client/generated/persistent_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import type {
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { EventLog } from "../engine/event-log.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { stopping } from "../protocol/refusals.ts";
import { decodeReadRequest } from "./codec.ts";
import { describe } from "./info.ts";
import { serveRead } from "./read.ts";
import { readDefinition, readListedSource, readName, readStopAt } from "./requests.ts";
import { Subsystem } from "./subsystem.ts";

export interface PersistentSubscriptionsOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  /** What a client is told about something that was thrown. */
  readonly refusalFor: (error: unknown) => Refusal;
  readonly now?: () => number;
}

export interface PersistentSubscriptions {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
  /** Ends every consumer and records how far the groups have come; the log closes after it. */
  close(): Promise<void>;
}

interface Message {
  serializeBinary(): Uint8Array;
}

interface Decodes<T> {
  deserializeBinary(bytes: Uint8Array): T;
}

/** Milliseconds since 1970 that never run backwards. */
const steadyClock = (): number => Math.round(performance.timeOrigin + performance.now());

export function persistentSubscriptions(options: PersistentSubscriptionsOptions): PersistentSubscriptions {
  const { log, logger, refusalFor, now = steadyClock } = options;
  const subsystem = new Subsystem({ log, logger, now });

  const unary =
    <Request>(answer: (request: Request) => Promise<Message> | Message): handleUnaryCall<Request, Message> =>
    (call, reply) => {
      respond(answer, call.request).then(
        (response) => reply(null, response),
        (error: unknown) => reply(refusalFor(error)),
      );
    };

  return {
    definition,
    handlers: {
      create: unary(async (request: pb.CreateReq) => {
        await subsystem.create(readDefinition(request));
        return new pb.CreateResp();
      }),
      update: unary(async (request: pb.UpdateReq) => {
        await subsystem.update(readDefinition(request));
        return new pb.UpdateResp();
      }),
      delete: unary(async (request: pb.DeleteReq) => {
        await subsystem.delete(readName(request));
        return new pb.DeleteResp();
      }),
      getInfo: unary((request: pb.GetInfoReq) => {
        const response = new pb.GetInfoResp();
        response.setSubscriptionInfo(describe(subsystem.find(readName(request)), now()));
        return response;
      }),
      list: unary((request: pb.ListReq) => {
        const response = new pb.ListResp();
        const groups = subsystem.list(readListedSource(request));
        response.setSubscriptionsList(groups.map((group) => describe(group, now())));
        return response;
      }),
      replayParked: unary((request: pb.ReplayParkedReq) => {
        subsystem.find(readName(request)).replayParked(readStopAt(request));
        return new pb.ReplayParkedResp();
      }),
      restartSubsystem: unary(async () => {
        await subsystem.restart();
        return new shared.Empty();
      }),
      read: serveRead({ subsystem, refusalFor, now }),
    },
    close: () => subsystem.close(stopping()),
  };
}

/** Whatever an answer throws becomes a rejection. */
async function respond<Request>(
  answer: (request: Request) => Promise<Message> | Message,
  request: Request,
): Promise<Message> {
  return answer(request);
}

function method(
  name: string,
  request: Decodes<unknown>,
  response: Decodes<unknown>,
): MethodDefinition<unknown, unknown> {
  const serialize = (message: unknown): Buffer => Buffer.from((message as Message).serializeBinary());
  return {
    path: `/event_store.client.persistent_subscriptions.PersistentSubscriptions/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: (bytes) => request.deserializeBinary(bytes),
    responseSerialize: serialize,
    responseDeserialize: (bytes) => response.deserializeBinary(bytes),
  };
}

const asIs = (bytes: Buffer): Buffer => bytes;

const definition: ServiceDefinition = {
  create: method("Create", pb.CreateReq, pb.CreateResp),
  update: method("Update", pb.UpdateReq, pb.UpdateResp),
  delete: method("Delete", pb.DeleteReq, pb.DeleteResp),
  getInfo: method("GetInfo", pb.GetInfoReq, pb.GetInfoResp),
  list: method("List", pb.ListReq, pb.ListResp),
  replayParked: method("ReplayParked", pb.ReplayParkedReq, pb.ReplayParkedResp),
  restartSubsystem: method("RestartSubsystem", shared.Empty, shared.Empty),
  // An event goes out and an ack comes in for every delivery, so these two are encoded by hand.
  read: {
    path: "/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read",
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: decodeReadRequest,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};
