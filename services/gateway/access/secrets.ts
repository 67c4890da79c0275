// What sessions, tokens and set-up links are recognised by: random, and kept as a hash only.
import { createHash, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;
export const TOKEN_PREFIX = "swy_";

export const newSessionSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");
export const newToken = (): string => `${TOKEN_PREFIX}${randomBytes(SECRET_BYTES).toString("base64url")}`;

/** Without a salt: nobody guesses 256 random bits. */
export const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();
