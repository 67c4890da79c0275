// A producer on NATS: requests and their responses, and published messages, which have none.
import { connect, type MsgHdrs, headers as natsHeaders } from "nats";

type Headers = Readonly<Record<string, string | readonly string[]>>;
type Body = string | Buffer;

export interface NatsProducer {
  ask(source: string, headers: Headers, body: Body): Promise<NatsResponse>;
  /** A request whose response is ignored. */
  tell(source: string, headers: Headers, body: Body): void;
  /** Resolves when JetStream has stored it. */
  publish(source: string, headers: Headers, body: Body): Promise<void>;
  close(): Promise<void>;
}

export interface NatsResponse {
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
  readonly position: string | undefined;
}

const TIMEOUT_MS = 10_000;

export async function natsProducer(url: string): Promise<NatsProducer> {
  const nats = await connect({ servers: url });
  return {
    async ask(source, headers, body) {
      const options = { headers: messageHeaders(headers), timeout: TIMEOUT_MS };
      const response = await nats.request(`intake.${source}`, body, options);
      return { body: response.json(), position: response.headers?.get("x-position") || undefined };
    },
    tell: (source, headers, body) =>
      nats.publish(`intake.${source}`, body, { headers: messageHeaders(headers) }),
    async publish(source, headers, body) {
      await nats.jetstream().publish(`submissions.${source}`, body, { headers: messageHeaders(headers) });
    },
    close: () => nats.close(),
  };
}

function messageHeaders(values: Headers): MsgHdrs {
  const made = natsHeaders();
  for (const [name, value] of Object.entries(values))
    for (const one of [value].flat()) made.append(name, one);
  return made;
}
