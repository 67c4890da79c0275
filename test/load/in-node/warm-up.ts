// Sends requests to itself, so that a script's first ones don't wait for code of ours that is cold; k6 is compiled.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import crypto from "./k6/crypto.ts";
import http from "./k6/http.ts";

const ROUNDS = 10;
const AT_ONCE = 100;
const BODY = JSON.stringify({ id: "0", outcome: "accepted", filling: "x".repeat(300) });

export async function warmUp(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.writeHead(202).end(BODY));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secret = new ArrayBuffer(32);
  for (let round = 0; round < ROUNDS; round += 1)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const signature = crypto.hmac("sha256", secret, BODY, "base64");
        const answer = await http.asyncRequest("POST", url, BODY, {
          headers: { "webhook-signature": signature },
        });
        return answer.json("id");
      }),
    );
  server.close();
  server.closeAllConnections();
}
