// k6/crypto: HMAC.
import { createHmac } from "node:crypto";

export default {
  hmac: (algorithm: string, secret: ArrayBuffer, input: string, encoding: "base64"): string =>
    createHmac(algorithm, Buffer.from(secret)).update(input).digest(encoding),
};
