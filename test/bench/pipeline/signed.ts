// Signed HTTP requests as bytes, so that building and signing them costs nothing while a system is measured.
import { createSecretKey } from "node:crypto";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { PATH, SOURCE, submissionOf } from "./submissions.ts";

interface Signer {
  request(serial: number): Buffer;
}

export function createSigner(url: string, secret: string): Signer {
  const { host } = new URL(url);
  const key = createSecretKey(parseSecret(secret));
  const fixed = [
    `POST ${PATH} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    `x-source: ${SOURCE}`,
  ];
  return {
    request(serial) {
      const { key: id, body } = submissionOf(serial);
      const signed = Object.entries(signedHeaders(key, id, body)).map(([name, value]) => `${name}: ${value}`);
      const head = [...fixed, ...signed, `content-length: ${Buffer.byteLength(body)}`];
      return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
    },
  };
}
