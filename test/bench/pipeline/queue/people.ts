// Identity in Redis: if two of e-mail, phone and name are equal, it is the same person. One script, because workers run concurrently.
import { createHash, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Lead } from "./lead.ts";

const SCRIPT = `
local person = false
for i = 2, #KEYS do
  person = redis.call("GET", KEYS[i])
  if person then break end
end
if not person then
  person = ARGV[1]
  redis.call("HSET", KEYS[1], "email", ARGV[2], "phone", ARGV[3], "name", ARGV[4])
end
for i = 2, #KEYS do redis.call("SET", KEYS[i], person, "NX") end
return person
`;

type Identify = (lead: Lead) => Promise<string>;

export function createIdentify(redis: Redis): Identify {
  redis.defineCommand("identify", { lua: SCRIPT });
  const { identify } = redis as unknown as {
    identify(keyCount: number, ...args: readonly string[]): Promise<string>;
  };
  return ({ email = "", phone = "", full_name }) => {
    const name = full_name.toLowerCase();
    const pairs = [
      [email, phone],
      [email, name],
      [phone, name],
    ].filter((pair) => pair.every((one) => one !== ""));
    const hashes = pairs.map((pair) => createHash("sha256").update(pair.join("\n")).digest("base64url"));
    const person = randomUUID();
    const keys = [`person:${person}`, ...hashes.map((hash) => `pair:${hash}`)];
    return identify.call(redis, keys.length, ...keys, person, email, phone, full_name);
  };
}
