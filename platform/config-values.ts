// What the values of environment variables look like.
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";
import { parseSecret } from "./webhooks.ts";

export const wholeNumber = (min: number, max: number, unset: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .optional()
    .transform((given) => given ?? unset);
/** Undefined unless given. */
export const optionalNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max)).optional();
/** `check` throws what is wrong, in words that may be shown. */
export const checked = (check: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      check(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  });
/** Without one the driver would take a server that happens to be on this machine. A socket's folder stands in the query. */
const namesHost = ({ hostname, searchParams }: URL): boolean => hostname !== "" || searchParams.has("host");
export const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//)
  .refine((text) => URL.canParse(text) && namesHost(new URL(text)));
export const smtpAddress = z
  .string()
  .regex(/^smtps?:\/\//)
  .refine((text) => URL.canParse(text));
/** What is in it is read when it is needed, so that it may be replaced. */
export const fileThat = (check: (content: string) => boolean) =>
  z.string().refine((path) => {
    try {
      return check(readFileSync(path, "utf8"));
    } catch {
      return false;
    }
  });
export const list = (text: string): string[] =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
export const source = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}:whsec_/)
  .refine((text) => isSecret(text.slice(text.indexOf(":") + 1)))
  .transform((text) => ({ id: text.slice(0, text.indexOf(":")), secret: text.slice(text.indexOf(":") + 1) }));
function isSecret(text: string): boolean {
  try {
    parseSecret(text);
    return true;
  } catch {
    return false;
  }
}
export const isLoopbackHost = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
const NETWORKS = new Set(["loopback", "linklocal", "uniquelocal"]);
const isNetwork = (text: string): boolean => {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  return (
    NETWORKS.has(text) ||
    (family !== 0 &&
      more.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))))
  );
};
/** Empty is none: what is declared must be declared. */
export const trustedProxies = z
  .string()
  .transform((text): readonly string[] | true => (text === "true" ? true : list(text)))
  .refine((given) => given === true || (given.length > 0 && given.every(isNetwork)));
export const oidcIssuer = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname));
});
export const groupRole = z
  .string()
  .regex(/^.+:[a-z]+$/)
  .transform((text) => ({
    group: text.slice(0, text.lastIndexOf(":")),
    role: text.slice(text.lastIndexOf(":") + 1),
  }));
export const token = z.string().regex(/^\S{16,}$/);
export const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));
export const sentryDsn = z
  .string()
  .regex(/^https?:\/\/[^\s:@/]+@[^\s@/]+(\/\S*)?\/\d+$/)
  .refine((text) => URL.canParse(text));
export const share = (unset: number) =>
  z
    .string()
    .regex(/^(0|1|0?\.\d+|1\.0+)$/)
    .transform(Number)
    .optional()
    .transform((given) => given ?? unset);
export const processId = z
  .string()
  .regex(/^[1-9]\d*$/)
  .transform(Number);
export const masterKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/)
  .transform((text) => Buffer.from(text, "base64"));
export const masterKeys = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((one) => one !== ""))
  .pipe(z.array(masterKey).min(1));
export const fileWith = <Schema extends z.ZodType<unknown, string>>(schema: Schema) =>
  z
    .string()
    .transform((path) => readFileSync(path, "utf8").trim())
    .pipe(schema)
    .optional();
