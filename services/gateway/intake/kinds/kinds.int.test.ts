import { randomUUID } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import * as assert from "uvu/assert";
import { Kind } from "#domain/submission/events.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { examplesOf } from "../../../../test/gateway/described.ts";
import { natsProducer } from "../../../../test/gateway/over-nats.ts";
import { gatewaySuite } from "../../../../test/gateway/suite.ts";
import { kinds } from "./kinds.ts";

const { test, yard, parts, atEnd } = await gatewaySuite("kinds of submission");
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());
const { body: asyncApi } = await yard.call("/asyncapi.json");

/** A validator for what stands at this place of a document. */
function validatorAt(document: object, path: string): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false });
  formats.default(ajv);
  ajv.addSchema(document, "https://switchyard.invalid/document.json");
  return ajv.compile({ $ref: `https://switchyard.invalid/document.json#/${path}` });
}

async function storedKind(id: string): Promise<unknown> {
  const [event] = await yard.eventStore().readStream(`submission-${id}`);
  return (event?.data as { kind?: unknown } | undefined)?.kind;
}

for (const kind of Kind.options) {
  const { path, summary } = kinds[kind];
  const operation = yard.openApi.paths[path]?.post;
  const examples = operation === undefined ? [] : examplesOf(yard.openApi, operation);

  test(`${kind} has a route of its own, described with examples that are accepted`, async () => {
    assert.is(Object.values(kinds).filter((one) => one.path === path).length, 1);
    assert.is(operation?.summary, summary);
    assert.ok(examples.length > 0);
    const escaped = path.replaceAll("/", "~1");
    const isValid = validatorAt(
      yard.openApi,
      `paths/${escaped}/post/requestBody/content/application~1json/schema`,
    );
    assert.not.ok(isValid([]));
    for (const example of examples) {
      assert.ok(isValid(example), JSON.stringify(example));
      const { status, body } = await yard.submit(example, { path });
      assert.is(status, 202);
      assert.is(await storedKind(body.id), kind);
    }
  });

  test(`${kind} is accepted as a CloudEvent`, async () => {
    const attributes = { specversion: "1.0", id: randomUUID(), source: "/test", type: "test" };
    const headers = { "content-type": "application/cloudevents+json" };
    const { status, body } = await yard.submit({ ...attributes, data: examples[0] }, { path, headers });
    assert.is(status, 202);
    assert.is(await storedKind(body.id), kind);
  });

  test(`${kind} is accepted over NATS, and its message described with the same examples`, async () => {
    const text = JSON.stringify(examples[0]);
    const signed = signedHeaders(parseSecret(parts.secret), randomUUID(), text);
    const { body } = await nats.ask("demo", { ...signed, "x-kind": kind }, text);
    assert.is(body.outcome, "accepted");
    assert.is(await storedKind(body.id), kind);

    const message = asyncApi.components.messages[kind];
    assert.is(message.summary, summary);
    const [isHeaders, isPayload] = ["headers", "payload"].map((part) =>
      validatorAt(asyncApi, `components/messages/${kind}/${part}`),
    );
    assert.equal(
      message.examples.map(({ payload }: { payload: object }) => payload),
      examples,
    );
    for (const { headers, payload } of message.examples) {
      assert.ok(isHeaders?.(headers));
      assert.ok(isPayload?.(payload));
    }
    for (const channel of ["intake", "submissions"])
      assert.equal(asyncApi.channels[channel].messages[kind], { $ref: `#/components/messages/${kind}` });
  });
}

test("a kind that there is not is refused, and the message names those that there are", async () => {
  const text = "{}";
  const signed = signedHeaders(parseSecret(parts.secret), randomUUID(), text);
  const { body } = await nats.ask("demo", { ...signed, "x-kind": "letter" }, text);
  assert.is(body.status, 400);
  for (const kind of Kind.options) assert.match(body.errors[0].message, kind);
});

test.run();
