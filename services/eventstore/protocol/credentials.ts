// Basic credentials. They are required only where the server has users, which needs TLS: in the clear they would be no
// secret, and the client sends none there.
import { createHash, timingSafeEqual } from "node:crypto";
import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from "@grpc/grpc-js";
import { unauthenticated } from "./errors.ts";

export interface User {
  readonly name: string;
  readonly password: string;
}

/** Clients ask these two before they send credentials at all. */
const OPEN_SERVICES = ["/event_store.client.server_features.", "/event_store.client.gossip."];

export function requireCredentials(users: readonly User[]): ServerInterceptor {
  const accepted = users.map(({ name, password }) => fingerprint(`${name}:${password}`));
  const isAccepted = (header: string): boolean => {
    const offered = fingerprint(Buffer.from(header.replace(/^Basic /i, ""), "base64").toString("utf8"));
    return accepted.some((one) => timingSafeEqual(one, offered));
  };

  return (method, call) => {
    if (OPEN_SERVICES.some((prefix) => method.path.startsWith(prefix)))
      return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, proceed) => {
              const [header] = metadata.get("authorization");
              if (typeof header === "string" && isAccepted(header)) proceed(metadata);
              else
                call.sendStatus(unauthenticated(header ? "Wrong credentials." : "Credentials are needed."));
            })
            .build(),
        ),
    });
  };
}

function fingerprint(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
