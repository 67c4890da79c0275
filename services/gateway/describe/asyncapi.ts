// What producers may send over NATS, as an AsyncAPI 3 document.
import type { Kind } from "#domain/submission/events.ts";
import manifest from "../../../package.json" with { type: "json" };
import { Problem } from "../http/problem.ts";
import { responseSchemas } from "../http/route-schema.ts";
import { allKinds, DEFAULT_KIND } from "../intake/kinds/kinds.ts";
import { Accepted, Ended } from "../intake/response.ts";
import { namedSchemas, refTo } from "./json-schemas.ts";

const REPLY = "CampaignReply";
const text = (description?: string) => ({ type: "string", ...(description && { description }) });

const HEADERS = {
  "webhook-id": text("Also the idempotency key"),
  "webhook-timestamp": text("Unix seconds, within 300 s of when NATS gets it"),
  "webhook-signature": text(),
  "idempotency-key": text("For sources with the scheme body-sha256"),
  "x-signature-256": text("For sources with the scheme body-sha256"),
  "content-type": { type: "string", examples: ["application/json", "application/cloudevents+json"] },
  prefer: text("wait=N, as over HTTP; for requests only"),
};
const RESPONSE_HEADERS = { "x-position": text("How far into the log it reaches; none with a problem") };

const { prefer: _, ...REPLY_HEADERS } = HEADERS;
const reply = {
  summary: "What a member of a campaign has replied; taken once by message_id",
  headers: {
    type: "object",
    properties: {
      ...REPLY_HEADERS,
      "x-source": text(
        "The id of the source that signs; without it the signature is held against the secrets of all",
      ),
    },
  },
  payload: refTo(REPLY),
  examples: [{ payload: { email: "jane@example.com", message_id: "<1@mail.example>", text: "Yes, please" } }],
};

const responseNames = [Accepted, Ended, Problem].map((schema) => responseSchemas.get(schema)?.id ?? "");
const messages = Object.fromEntries(
  allKinds.map(({ kind, summary, schemaName, examples }) => [
    kind,
    {
      summary,
      headers: headers(kind),
      payload: { anyOf: [refTo(schemaName), refTo("CloudEvent")] },
      examples: examples.map((payload) => ({ headers: { "x-kind": kind }, payload })),
    },
  ]),
);

function headers(kind: Kind): object {
  const properties = { ...HEADERS, "x-kind": { const: kind } };
  return { type: "object", properties, required: kind === DEFAULT_KIND ? [] : ["x-kind"] };
}

const ref = (path: string) => ({ $ref: `#/${path}` });
const source = { description: "The id of the source that signs" };

function channel(name: string, description: string): object {
  return {
    address: `${name}.{source}`,
    description,
    parameters: { source },
    messages: Object.fromEntries(allKinds.map(({ kind }) => [kind, ref(`components/messages/${kind}`)])),
  };
}

const operation = (name: string) => ({
  action: "receive",
  channel: ref(`channels/${name}`),
  messages: allKinds.map(({ kind }) => ref(`channels/${name}/messages/${kind}`)),
});

export function asyncApi(): Record<string, unknown> {
  const schemas = namedSchemas();
  const used = [...allKinds.map(({ schemaName }) => schemaName), "CloudEvent", REPLY, ...responseNames];
  return {
    asyncapi: "3.0.0",
    info: { title: "Switchyard intake over NATS", version: manifest.version, license: { name: "MIT" } },
    defaultContentType: "application/json",
    channels: {
      intake: channel("intake", "Request and reply: the response comes after the submission is durable."),
      responses: { address: null, messages: { response: ref("components/messages/response") } },
      submissions: channel(
        "submissions",
        "JetStream keeps it until a gateway has accepted it. What is invalid becomes a dead letter with its reason.",
      ),
      replies: {
        address: "replies.{campaign}",
        description:
          "JetStream keeps it until the campaign has taken it. What is refused becomes a dead letter with its reason.",
        parameters: { campaign: { description: "The id of the campaign" } },
        messages: { reply: ref("components/messages/reply") },
      },
    },
    operations: {
      reply: {
        action: "receive",
        channel: ref("channels/replies"),
        messages: [ref("channels/replies/messages/reply")],
      },
      submit: {
        ...operation("intake"),
        reply: {
          address: { location: "$message.header#/reply" },
          channel: ref("channels/responses"),
          messages: [ref("channels/responses/messages/response")],
        },
      },
      publish: operation("submissions"),
    },
    components: {
      messages: {
        ...messages,
        reply,
        response: {
          headers: { type: "object", properties: RESPONSE_HEADERS },
          payload: { anyOf: responseNames.map(refTo) },
        },
      },
      schemas: Object.fromEntries(used.map((name) => [name, schemas[name]])),
    },
  };
}
