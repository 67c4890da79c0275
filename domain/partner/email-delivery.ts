import { z } from "zod";
import { type ConfigError, check } from "./config-error.ts";
import { type DeliveryKind, HIDDEN, type KeptSecrets, NOTHING_TO_KEEP, Timeout } from "./delivery-kind.ts";
import { addressesError, isMailAddress, splitAddresses } from "./mail-address.ts";
import { templateErrors } from "./template-errors.ts";
import { lengthAndPortErrors } from "./url-errors.ts";

// Delivery by e-mail, as it is configured.

/** A text, since with its password hidden it is no URI any more. */
const SmtpUrl = z
  .string()
  .refine((text) => /^smtps?:\/\//.test(text) && URL.canParse(text), "is no URL of a mail server")
  .meta({
    title: "SMTP URL",
    description: "smtps://user:password@host:port; left out, what SMTP_URL says",
  });

const line = z.string().min(1).max(1_000);

export const EmailDelivery = z.strictObject({
  type: z.literal("email"),
  to: line.meta({ description: "Addresses separated by commas; a template" }),
  from: line.optional(),
  subject: line.optional().meta({ description: "A template" }),
  text: z.string().min(1).optional().meta({ description: "A template", contentMediaType: "text/plain" }),
  smtp_url: SmtpUrl.optional(),
  timeout_ms: Timeout.default(30_000),
});
export type EmailDelivery = z.infer<typeof EmailDelivery>;

export const emailDelivery: DeliveryKind<EmailDelivery, EmailDelivery> = {
  errors({ to, from, subject, text, smtp_url }) {
    return [
      ...addressErrors("delivery.to", addressesError(to)),
      ...templateErrors("delivery.to", to),
      ...(from === undefined ? [] : addressErrors("delivery.from", fromError(from))),
      ...templateErrors("delivery.subject", subject),
      ...templateErrors("delivery.text", text),
      ...(smtp_url === undefined ? [] : smtpUrlErrors(smtp_url)),
    ];
  },
  urls: ({ smtp_url }) => (smtp_url === undefined ? [] : [["delivery.smtp_url", smtp_url]]),
  withoutSecrets({ smtp_url, ...delivery }) {
    return { ...delivery, ...(smtp_url !== undefined && { smtp_url: withoutPassword(smtp_url) }) };
  },
  withKeptSecrets,
};

const addressErrors = (path: string, message: string | undefined): ConfigError[] =>
  message === undefined ? [] : [{ path, message }];

function fromError(from: string): string | undefined {
  const [only, ...others] = splitAddresses(from);
  const isOne = only !== undefined && others.length === 0 && isMailAddress(only.address);
  return isOne ? undefined : "is not one address: use Leads <leads@shop.example>";
}

function smtpUrlErrors(text: string): ConfigError[] {
  const path = "delivery.smtp_url";
  const { hostname, pathname, search, hash, username, password } = new URL(text);
  return [
    ...lengthAndPortErrors(path, text),
    ...check(path, hostname === "", "names no host"),
    ...check(path, pathname.length > 1 || search + hash !== "", "must end with the host or its port"),
    ...check(path, (username === "") !== (password === ""), "needs a user and a password, or neither"),
    ...check(
      path,
      [username, password].some((one) => decoded(one) === undefined),
      "has a % that encodes nothing",
    ),
  ];
}

/** The user and the password of a URL, in the clear; undefined where they can't be read. */
export function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function withoutPassword(text: string): string {
  const { protocol, username, password, host } = new URL(text);
  return password === "" ? text : `${protocol}//${username}:${HIDDEN}@${host}`;
}

const Before = z.object({ type: z.literal("email"), smtp_url: SmtpUrl });

/** A password is kept for the user and the host that it was given for, so that nobody has it sent to another. */
function withKeptSecrets({ smtp_url, ...change }: EmailDelivery, found: unknown): KeptSecrets<EmailDelivery> {
  const path = "delivery.smtp_url";
  if (smtp_url === undefined) return { delivery: change, errors: [] };
  const url = new URL(smtp_url);
  if (decoded(url.password) !== HIDDEN) return { delivery: { ...change, smtp_url }, errors: [] };
  const kept = Before.safeParse(found).data?.smtp_url;
  const before = kept === undefined ? undefined : new URL(kept);
  const errors =
    before === undefined || before.password === ""
      ? [{ path, message: NOTHING_TO_KEEP }]
      : check(
          path,
          before.hostname !== url.hostname || before.username !== url.username,
          "is for another user or host than the password that is kept: give the password",
        );
  url.password = before?.password ?? "";
  return { delivery: { ...change, smtp_url: url.href }, errors };
}
