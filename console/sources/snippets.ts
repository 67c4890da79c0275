// The same submission as programs would send it. The secret comes from the environment, so that none gets into a shell's history.
import { type Kind, paths } from "./examples.ts";

interface Sending {
  readonly origin: string;
  readonly source: string;
  readonly kind: Kind;
  readonly scheme: "standard-webhooks" | "body-sha256";
  readonly body: string;
}

export const languages = { curl: "curl", node: "Node", python: "Python" };
export type Language = keyof typeof languages;

export function snippet(language: Language, sending: Sending): string {
  switch (language) {
    case "curl":
      return curl(sending);
    case "node":
      return node(sending);
    case "python":
      return python(sending);
  }
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const addressOf = ({ origin, kind }: Sending): string => origin + paths[kind];

function curl(sending: Sending): string {
  const { source, scheme, body } = sending;
  const isStandard = scheme === "standard-webhooks";
  const signed = isStandard ? '"$id.$timestamp.$body"' : '"$body"';
  const digest = `printf '%s' ${signed} | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key"`;
  const headers = isStandard
    ? [`-H "webhook-id: $id"`, `-H "webhook-timestamp: $timestamp"`, `-H "webhook-signature: v1,$signature"`]
    : [`-H "idempotency-key: $id"`, `-H "x-signature-256: sha256=$signature"`];
  return [
    "# SECRET is the whsec_… of the source",
    `body=${shellQuoted(body)}`,
    "id=$(cat /proc/sys/kernel/random/uuid)",
    ...(isStandard ? ["timestamp=$(date +%s)"] : []),
    `key=$(printf '%s' "\${SECRET#whsec_}" | base64 -d | od -An -vtx1 | tr -d ' \\n')`,
    isStandard ? `signature=$(${digest} -binary | base64 -w0)` : `signature=$(${digest} -r | cut -d' ' -f1)`,
    [
      `curl -i ${addressOf(sending)}`,
      "-H 'content-type: application/json'",
      `-H 'x-source: ${source}'`,
      ...headers,
      `--data-binary "$body"`,
    ].join(" \\\n  "),
  ].join("\n");
}

function node(sending: Sending): string {
  const { source, scheme, body } = sending;
  const isStandard = scheme === "standard-webhooks";
  return `// SECRET is the whsec_… of the source
import { createHmac, randomUUID } from "node:crypto";

const body = ${JSON.stringify(body)};
const id = randomUUID();${isStandard ? "\nconst timestamp = Math.floor(Date.now() / 1000);" : ""}
const key = Buffer.from(process.env.SECRET.replace("whsec_", ""), "base64");
const signature = createHmac("sha256", key).update(${
    isStandard ? "`$" + "{id}.$" + "{timestamp}.$" + "{body}`" : "body"
  }).digest("${isStandard ? "base64" : "hex"}");

const response = await fetch("${addressOf(sending)}", {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-source": "${source}",
${
  isStandard
    ? `    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": \`v1,$` + `{signature}\`,`
    : `    "idempotency-key": id,
    "x-signature-256": \`sha256=$` + `{signature}\`,`
}
  },
  body,
});
console.log(response.status, await response.json());`;
}

function python(sending: Sending): string {
  const { source, scheme, body } = sending;
  const isStandard = scheme === "standard-webhooks";
  const message = isStandard ? `f"{id}.{timestamp}.".encode() + body` : "body";
  return `# SECRET is the whsec_… of the source
import base64, hashlib, hmac, os, ${isStandard ? "time, " : ""}urllib.request, uuid

body = ${JSON.stringify(body)}.encode()
id = str(uuid.uuid4())${isStandard ? "\ntimestamp = int(time.time())" : ""}
key = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))
${
  isStandard
    ? `signature = base64.b64encode(hmac.new(key, ${message}, hashlib.sha256).digest()).decode()`
    : `signature = hmac.new(key, ${message}, hashlib.sha256).hexdigest()`
}

request = urllib.request.Request(
    "${addressOf(sending)}",
    data=body,
    headers={
        "content-type": "application/json",
        "x-source": "${source}",
${
  isStandard
    ? `        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",`
    : `        "idempotency-key": id,
        "x-signature-256": f"sha256={signature}",`
}
    },
)
with urllib.request.urlopen(request) as response:
    print(response.status, response.read().decode())`;
}
