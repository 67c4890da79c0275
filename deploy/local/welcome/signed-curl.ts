// A curl that is signed already, to be pasted into a shell as it stands.
import { randomUUID } from "node:crypto";
import type { SourceSecret } from "#platform/config.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";

const LEAD = {
  full_name: "Ada Lovelace",
  email: "ada@example.com",
  phone: "+1 202 555 0143",
  country: "US",
  interest: "Education",
};

export function signedCurl(httpUrl: string, source: SourceSecret, now = Date.now()): string {
  const body = JSON.stringify(LEAD);
  const headers = {
    "content-type": "application/json",
    "x-source": source.id,
    ...signedHeaders(parseSecret(source.secret), randomUUID(), body, now),
  };
  return [
    `curl -i ${httpUrl}/api/submit`,
    ...Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`),
    "-H 'prefer: wait=5'",
    `-d '${body}'`,
  ].join(" \\\n  ");
}
