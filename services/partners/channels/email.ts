// Partners that get an e-mail: what is written, and what an SMTP server's replies mean.
import { hostname } from "node:os";
import type { SendMailOptions } from "nodemailer";
import { templateFacts } from "#domain/partner/body.ts";
import { HIDDEN } from "#domain/partner/delivery-kind.ts";
import { decoded, type EmailDelivery } from "#domain/partner/email-delivery.ts";
import {
  fillAddresses,
  isMailAddress,
  type MailAddress,
  oneLine,
  splitAddresses,
} from "#domain/partner/mail-address.ts";
import type { AttemptOutcome } from "#domain/partner/outcome.ts";
import { summaryOf } from "#domain/partner/summary.ts";
import { fillText, MAX_FILLED, writtenIn } from "#domain/partner/template.ts";
import { reasonOf } from "#platform/http-call.ts";
import { type Attempt, deliveryHeaders, type Message, type OpenChannel, type Sent } from "./channel.ts";
import { openSmtp, type Smtp } from "./smtp.ts";

export const openEmailChannel: OpenChannel<"email"> = ({ delivery, config, allowPrivate, smtp: usual }) => {
  const url = delivery.smtp_url ?? usual?.url;
  if (url === undefined)
    throw new Error("there is no SMTP server: give the partner a smtp_url, or this process SMTP_URL");
  const { timeout_ms: timeoutMs } = delivery;
  const smtp = openSmtp({ url, connections: config.limits.concurrency, timeoutMs, allowPrivate });
  const from = senderOf(delivery.from ?? usual?.from);
  const { protocol, host, password } = new URL(url);
  const hide = hidden(decoded(password) ?? "");
  const underWay = new Set<Promise<Sent>>();

  return {
    prepare(message) {
      const facts = templateFacts(message.submission, message.ids);
      const to = fillAddresses(delivery.to, facts);
      const mail = mailFor(message, delivery, facts);
      const headers = { "message-id": `<${message.ids.delivery_id}@switchyard>`, ...mail.headers };
      const request = {
        server: `${protocol}//${host}`,
        from: shownAddress(from),
        to: to === "invalid" ? to : to.map(shownAddress),
        subject: mail.subject,
        headers,
        body: mail.text,
      };
      return {
        request,
        timeoutMs,
        async send(attempt) {
          if (to === "invalid") return rejected("invalid_recipient");
          if (to.length === 0) return rejected("no_recipient");
          const { delivery_id } = message.ids;
          const options = { ...mail, from, to: [...to], messageId: `<${delivery_id}@switchyard>` };
          const sending = send(smtp, options, attempt, { timeoutMs, price: config.price, hide });
          underWay.add(sending);
          return sending.finally(() => underWay.delete(sending));
        },
      };
    },
    async close() {
      await Promise.all(underWay);
      smtp.close();
    },
  };
};

/** Without one that is given, as mail of this machine is usually sent. */
function senderOf(given: string | undefined): MailAddress {
  const [from] = given === undefined ? [] : splitAddresses(given);
  if (from !== undefined) return from;
  const address = `switchyard@${hostname()}`;
  return { name: "Switchyard", address: isMailAddress(address) ? address : "switchyard@localhost" };
}

const shownAddress = ({ name, address }: MailAddress): string =>
  name === "" ? address : `${name} <${address}>`;

const MAX_SUBJECT = 250;
const MAX_FIELDS = 100;

function mailFor(
  message: Message,
  { subject, text }: EmailDelivery,
  facts: ReturnType<typeof templateFacts>,
): SendMailOptions & {
  readonly subject: string;
  readonly text: string;
  readonly headers: Record<string, string>;
} {
  const { submission, ids, isTest, now } = message;
  const { title, fields } = summaryOf(submission, MAX_FIELDS);
  const written = writtenIn(submission);
  const told = oneLine(
    written.subject ?? (subject === undefined ? title : fillText(subject, facts, MAX_FILLED)),
  );
  const usual = [
    ...fields.map(([label, value]) => `${label}: ${value}`),
    "",
    `Submission ${ids.id}`,
    `Delivery ${ids.delivery_id}`,
    "",
  ].join("\n");
  return {
    subject: `${isTest ? "[Test] " : ""}${told}`.slice(0, MAX_SUBJECT),
    text: written.text ?? (text === undefined ? usual : fillText(text, facts, MAX_FILLED)),
    date: new Date(now),
    headers: { ...deliveryHeaders(message), "auto-submitted": "auto-generated" },
  };
}

const rejected = (reason: string): Sent => ({
  outcome: { outcome: "rejected", reason },
  response: { error: reason },
});

const MIN_HIDDEN_LENGTH = 6;
const hidden = (password: string) => (text: string) =>
  password.length < MIN_HIDDEN_LENGTH ? text : text.replaceAll(password, HIDDEN);

class Obstacle extends Error {
  override name = "Obstacle";
}

interface Sending {
  readonly timeoutMs: number;
  readonly price: number | undefined;
  readonly hide: (text: string) => string;
}

async function send(
  smtp: Smtp,
  mail: SendMailOptions,
  { obstacle, abandon }: Attempt,
  { timeoutMs, price, hide }: Sending,
): Promise<Sent> {
  let isBegun = false;
  let stopped = obstacle();
  if (stopped !== undefined) return without("not_called", stopped);
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([timeout, abandon]);
  try {
    const { response, rejected: refused } = await smtp.send(mail, signal, () => {
      stopped = obstacle();
      if (stopped !== undefined) throw new Obstacle(stopped);
      isBegun = true;
    });
    const reason = refused.length > 0 ? { reason: "some_recipients_refused" } : {};
    return {
      outcome: { outcome: "succeeded", ...reason, ...(price !== undefined && { price }) },
      response: { reply: hide(response), ...(refused.length > 0 && { refused }) },
    };
  } catch (error) {
    if (stopped !== undefined) return without("not_called", stopped);
    if (abandon.aborted) return without(isBegun ? "interrupted" : "not_called", "abandoned");
    if (timeout.aborted) return without(isBegun ? "unknown" : "failed", "timeout");
    return meaningOf(error, isBegun, hide);
  }
}

/** 4xx comes again, 5xx does not; without a reply it may have been taken once its data began to leave. */
function meaningOf(error: unknown, isBegun: boolean, hide: (text: string) => string): Sent {
  const { responseCode: code, response } = (error ?? {}) as { responseCode?: unknown; response?: unknown };
  if (typeof code === "number" && code >= 400) {
    const outcome = code >= 500 ? ("rejected" as const) : ("failed" as const);
    const reply = hide(typeof response === "string" ? response : `${code}`);
    return { outcome: { outcome, reason: `smtp_${code}` }, response: { reply } };
  }
  const reason = reasonOf(error);
  // What is wrong with the envelope itself is wrong with the next try too.
  if (reason === "eenvelope" && !isBegun) return rejected(reason);
  return without(isBegun ? "unknown" : "failed", reason);
}

const without = (outcome: Exclude<AttemptOutcome["outcome"], "succeeded">, reason: string): Sent => ({
  outcome: { outcome, reason },
  response: { error: reason },
});
