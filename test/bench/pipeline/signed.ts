// Submissions as the bytes that go over the wire, made before anything is measured.
import { createSecretKey } from "node:crypto";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { PATH, SOURCE, submissionOf } from "./submissions.ts";

export interface Signer {
  request(serial: number): Buffer;
}

export function createSigner(url: string, secret: string): Signer {
  const { host } = new URL(url);
  const key = createSecretKey(parseSecret(secret));
  const fixed = `POST ${PATH} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nx-source: ${SOURCE}\r\n`;
  return {
    request(serial) {
      const { key: id, body } = submissionOf(serial);
      const headers = Object.entries(signedHeaders(key, id, body)).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      return Buffer.from(
        `${fixed}${headers.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    },
  };
}
