// What producers may send over NATS, as an AsyncAPI 3 document.
import { schemaRef, schemas } from "./schemas.ts";

const HEADERS = {
  type: "object",
  properties: {
    "webhook-id": { type: "string", description: "Also the idempotency key" },
    "webhook-timestamp": { type: "string", description: "Unix seconds, within 300 s of when NATS gets it" },
    "webhook-signature": { type: "string" },
    "idempotency-key": { type: "string", description: "For sources with the scheme body-sha256" },
    "x-signature-256": { type: "string", description: "For sources with the scheme body-sha256" },
    "x-kind": { type: "string", enum: ["lead", "assistance", "event"], default: "lead" },
    "content-type": { type: "string", examples: ["application/json", "application/cloudevents+json"] },
    prefer: { type: "string", description: "wait=N, as over HTTP; for requests only" },
  },
} as const;

const ANSWER_HEADERS = {
  type: "object",
  properties: {
    "x-position": { type: "string", description: "How far into the log it reaches; none with a problem" },
  },
} as const;

const anyOf = (...names: string[]) => ({ anyOf: names.map((name) => ({ $ref: schemaRef(name) })) });
const submission = anyOf("LeadSubmission", "AssistanceSubmission", "EventSubmission", "CloudEvent");

const WANTED = [
  "LeadSubmission",
  "AssistanceSubmission",
  "EventSubmission",
  "CloudEvent",
  "Accepted",
  "Ended",
  "Problem",
];

export function asyncApi(): Record<string, unknown> {
  const all = schemas();
  return {
    asyncapi: "3.0.0",
    info: { title: "Switchyard intake over NATS", version: "1.0.0", license: { name: "MIT" } },
    defaultContentType: "application/json",
    channels: {
      intake: {
        address: "intake.{source}",
        description: "Request and reply: the answer comes after the submission is durable.",
        parameters: { source: { description: "The id of the source that signs" } },
        messages: { submission: { $ref: "#/components/messages/submission" } },
      },
      answers: { address: null, messages: { answer: { $ref: "#/components/messages/answer" } } },
      submissions: {
        address: "submissions.{source}",
        description:
          "JetStream keeps it until it is taken in, also while no gateway runs. What is invalid becomes a dead letter with its reason.",
        parameters: { source: { description: "The id of the source that signs" } },
        messages: { submission: { $ref: "#/components/messages/submission" } },
      },
    },
    operations: {
      submit: {
        action: "receive",
        channel: { $ref: "#/channels/intake" },
        messages: [{ $ref: "#/channels/intake/messages/submission" }],
        reply: {
          address: { location: "$message.header#/reply" },
          channel: { $ref: "#/channels/answers" },
          messages: [{ $ref: "#/channels/answers/messages/answer" }],
        },
      },
      publish: {
        action: "receive",
        channel: { $ref: "#/channels/submissions" },
        messages: [{ $ref: "#/channels/submissions/messages/submission" }],
      },
    },
    components: {
      messages: {
        submission: { headers: HEADERS, payload: submission },
        answer: { headers: ANSWER_HEADERS, payload: anyOf("Accepted", "Ended", "Problem") },
      },
      schemas: Object.fromEntries(WANTED.map((name) => [name, all[name]])),
    },
  };
}
