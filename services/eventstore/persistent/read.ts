// Read: a consumer's side of a group, from its options to its last ack.
import type { handleBidiStreamingCall, Metadata, ServerDuplexStream } from "@grpc/grpc-js";
import type { Refusal } from "../protocol/refusals.ts";
import { invalidArgument } from "../protocol/refusals.ts";
import type { ReadRequest } from "./codec.ts";
import { encodeConfirmation } from "./codec.ts";
import type { Connection, Membership } from "./running-group.ts";
import { keyOf } from "./settings.ts";
import type { Subsystem } from "./subsystem.ts";

type Call = ServerDuplexStream<ReadRequest, Buffer>;

export interface ReadOptions {
  readonly subsystem: Subsystem;
  readonly refusalFor: (error: unknown) => Refusal;
  readonly now: () => number;
}

export function serveRead({
  subsystem,
  refusalFor,
  now,
}: ReadOptions): handleBidiStreamingCall<ReadRequest, Buffer> {
  return (call) => {
    let membership: Membership | undefined;
    let over = false;
    const leave = (): void => {
      over = true;
      membership?.left();
    };
    const connection: Connection = {
      ...identityOf(call),
      since: now(),
      send: (message) => over || call.write(message),
      refuse: (why) => {
        if (over) return;
        over = true;
        call.emit("error", why);
      },
    };

    call.on("data", (request: ReadRequest) => {
      if (over) return;
      try {
        switch (request.kind) {
          case "options": {
            if (membership) throw invalidArgument("A subscription is read once.");
            const group = subsystem.find(request);
            membership = group.join(connection, request.bufferSize, encodeConfirmation(keyOf(request)));
            break;
          }
          case "ack":
            membership?.acked(request.ids);
            break;
          case "nack":
            membership?.nacked(request.ids, request.action, request.reason);
            break;
        }
      } catch (error) {
        leave();
        call.emit("error", refusalFor(error));
      }
    });
    call.on("drain", () => membership?.resumed());
    call.on("cancelled", leave);
    call.on("close", leave);
    call.on("end", () => {
      if (over) return;
      leave();
      call.end();
    });
  };
}

function identityOf(call: Call): Pick<Connection, "from" | "username" | "name"> {
  return {
    from: call.getPeer(),
    username: usernameIn(call.metadata),
    name: textIn(call.metadata, "connection-name"),
  };
}

function usernameIn(metadata: Metadata): string {
  const [, encoded] = /^Basic (.+)$/i.exec(textIn(metadata, "authorization")) ?? [];
  if (encoded === undefined) return "anonymous";
  const [username = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":", 1);
  return username;
}

function textIn(metadata: Metadata, key: string): string {
  return metadata.get(key)[0]?.toString() ?? "";
}
