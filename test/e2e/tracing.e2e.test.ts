import { randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { until } from "../harness/wait.ts";
import { configureDemo } from "./demo-partners.ts";
import { type RunningYard, startYard } from "./yard.ts";

// A collector that takes OTLP in JSON, and what each process sends it.

interface SpanReceived {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface Request {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: { key: string; value: { stringValue: string } }[] };
    readonly scopeSpans: { readonly spans: Omit<SpanReceived, "service">[] }[];
  }[];
}

const test = suite("one trace from the producer to the partner");
const received: SpanReceived[] = [];
let refuses = true;
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.writeHead(refuses ? 503 : 200).end();
    if (refuses || request.url !== "/v1/traces") return;
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as Request;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
      for (const { spans } of scopeSpans) received.push(...spans.map((span) => ({ service, ...span })));
    }
  });
});
let yard: RunningYard;

test.before(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const { port } = collector.address() as AddressInfo;
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  yard = await startYard("apart", { environmentOf: async () => endpoint });
  await configureDemo(yard.client, yard.simulatorUrl);
});
test.after(async () => {
  await yard?.stop();
  collector.closeAllConnections();
  collector.close();
});

test("each process adds its part, also after the collector was away", async () => {
  const [trace, parent, id] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex"), randomUUID()];
  const text = JSON.stringify({ email: `${id}@example.com`, interest: "Education" });
  const response = await fetch(`${yard.client.url}/api/submit`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-source": "demo",
      traceparent: `00-${trace}-${parent}-01`,
      ...signedHeaders(parseSecret(yard.secret), id, text),
    },
    body: text,
  });
  assert.is(response.status, 202);
  await yard.client.ended(((await response.json()) as { id: string }).id);
  assert.equal(received, []);
  refuses = false;

  const wanted = [
    "SubmissionReceived",
    "SubmissionRouted",
    "DeliveryStarted",
    "deliver to edu",
    "DeliverySucceeded",
  ];
  const named = await until("all spans have come", () => {
    const spans = new Map(received.filter((one) => one.traceId === trace).map((one) => [one.name, one]));
    return wanted.every((name) => spans.has(name)) && spans;
  });
  const of = (name: string): SpanReceived => named.get(name) as SpanReceived;
  assert.equal(
    wanted.map((name) => of(name).service),
    ["gateway", "leads", "partners", "partners", "partners"].map((role) => `switchyard-${role}`),
  );
  assert.is(of("SubmissionReceived").parentSpanId, parent);
  assert.is(of("SubmissionRouted").parentSpanId, of("SubmissionReceived").spanId);
  assert.is(of("deliver to edu").parentSpanId, of("SubmissionRouted").spanId);
  for (const one of named.values()) {
    assert.match(one.spanId, /^[0-9a-f]{16}$/);
    assert.ok(BigInt(one.endTimeUnixNano) >= BigInt(one.startTimeUnixNano));
  }

  const asked = await fetch(`${yard.simulatorUrl}/partners/edu/requests`);
  const { items } = (await asked.json()) as { items: { headers: Record<string, string> }[] };
  assert.is(items.at(-1)?.headers.traceparent, `00-${trace}-${of("deliver to edu").spanId}-01`);
});

test.run();
