// A producer on NATS: asks and hears the answer, or publishes and hears nothing.
import { connect, type MsgHdrs, headers as natsHeaders } from "nats";

type Headers = Readonly<Record<string, string | readonly string[]>>;
type Body = string | Buffer;

export interface NatsProducer {
  ask(source: string, headers: Headers, body: Body): Promise<NatsAnswer>;
  /** A request that nobody waits for. */
  tell(source: string, headers: Headers, body: Body): void;
  /** Resolves when JetStream has stored it. */
  publish(source: string, headers: Headers, body: Body): Promise<void>;
  close(): Promise<void>;
}

export interface NatsAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
  readonly position: string | undefined;
}

const PATIENCE_MS = 10_000;

export async function natsProducer(url: string): Promise<NatsProducer> {
  const nats = await connect({ servers: url });
  return {
    async ask(source, headers, body) {
      const asked = { headers: messageHeaders(headers), timeout: PATIENCE_MS };
      const answer = await nats.request(`intake.${source}`, body, asked);
      return { body: answer.json(), position: answer.headers?.get("x-position") || undefined };
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
