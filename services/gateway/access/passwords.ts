// Passwords, kept as scrypt hashes that carry their parameters, so that these can be raised without anybody noticing.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { nameKey } from "#domain/access/role.ts";
import { Refused, refusal } from "../refusal.ts";

/** 32 MiB and a third of a second of one core, as OWASP advises. */
const COST = { ln: 15, r: 8, p: 3 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** Each takes a thread of the pool that also reads files and resolves names. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 20;
const MIN_PASSWORD = 12;
export const MAX_PASSWORD = 200;

type Cost = typeof COST;

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) {
    if (waiting.length >= MAX_WAITING) {
      const detail = "As many passwords are being checked as can be at once; try again after retry-after";
      throw new Refused(refusal("rate_limited", { detail, retryAfterS: 5 }));
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** ln;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  return inTurn(
    () =>
      new Promise((resolve, reject) =>
        scrypt(password.normalize("NFKC"), salt, HASH_BYTES, options, (error, key) =>
          error === null ? resolve(key) : reject(error),
        ),
      ),
  );
}

export async function hashPassword(password: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, cost);
  const { ln, r, p } = cost;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString("base64")}$${hash.toString("base64")}`;
}

const STORED = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;
/** Whoever has no password takes as long to be refused as who has one. */
const NOBODY = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${Buffer.alloc(SALT_BYTES).toString("base64")}$${Buffer.alloc(HASH_BYTES).toString("base64")}`;

export async function checkPassword(
  password: string,
  stored: string | undefined,
): Promise<{ readonly isRight: boolean; readonly isOutdated: boolean }> {
  const found = STORED.exec(stored ?? NOBODY);
  if (found === null) throw new Error("a stored password is not readable");
  const [, ln, r, p, salt = "", hash = ""] = found;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const expected = Buffer.from(hash, "base64");
  const derived = await derive(password, Buffer.from(salt, "base64"), cost);
  const isRight = timingSafeEqual(derived, expected) && stored !== undefined;
  return { isRight, isOutdated: cost.ln !== COST.ln || cost.r !== COST.r || cost.p !== COST.p };
}

/** What is wrong with a password that somebody chooses. */
export function passwordProblem(password: string, name: string): string | undefined {
  if (password.length < MIN_PASSWORD) return `must have at least ${MIN_PASSWORD} characters`;
  const [given, own] = [nameKey(password), nameKey(name)];
  if (own.length >= 3 && given.includes(own)) return "must not hold the name";
  if (new Set(given).size < 5) return "must have at least 5 different characters";
  return undefined;
}
