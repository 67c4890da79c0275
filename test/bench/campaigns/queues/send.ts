// What a job of the other systems does: one call at the provider, which throws where it is refused.
import { Pool } from "undici";
import { type Member, messageTo } from "../members.ts";

export function sender(
  providerUrl: string,
  connections: number,
): (key: string, member: Member) => Promise<void> {
  const pool = new Pool(providerUrl, { connections });
  return async (key, member) => {
    const { statusCode, body } = await pool.request({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(messageTo(member)),
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`the provider answered ${statusCode}`);
  };
}
