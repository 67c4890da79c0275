// Partners that are called over HTTP: what is sent, and what a status means.
import { createSecretKey } from "node:crypto";
import { defaultBody, templateFacts } from "#domain/partner/body.ts";
import { HIDDEN } from "#domain/partner/delivery-kind.ts";
import { type HttpDelivery, OUR_HEADERS } from "#domain/partner/http-delivery.ts";
import { CREDENTIAL, hideSecrets, isSecretHeader, withoutUrlSecrets } from "#domain/partner/http-secrets.ts";
import { fill, MAX_FILLED } from "#domain/partner/template.ts";
import { createHttpCaller } from "#platform/http-call.ts";
import { parseSecret, type SigningKey, signedHeaders } from "#platform/webhooks.ts";
import { deliveryHeaders, type Message, type OpenChannel } from "./channel.ts";
import { outcomeOf, shownResponse, withoutSecretsIn } from "./http-result.ts";

export const openHttpChannel: OpenChannel<"http"> = (options) => {
  const { delivery, config, allowPrivate } = options;
  const secret = delivery.secret === undefined ? undefined : createSecretKey(parseSecret(delivery.secret));
  const shownUrl = withoutUrlSecrets(delivery.url);
  const hide = hideSecrets(delivery);
  const fixed = fixedHeaders(delivery);
  const isHidden = hiddenHeaders(delivery);
  const { method } = delivery;
  const caller = createHttpCaller({
    url: delivery.url,
    concurrency: config.limits.concurrency,
    timeoutMs: delivery.timeout_ms,
    keepAlive: config.idempotent,
    allowPrivate,
  });
  return {
    prepare(message) {
      const content = contentFor(message, delivery);
      const body = JSON.stringify(content);
      const headers = { ...fixed, ...deliveryHeaders(message), ...signatureOf(message, body, secret) };
      const request = { method, headers, body };
      return {
        request: { method, url: shownUrl, headers: shownHeaders(headers, isHidden), body: content },
        timeoutMs: delivery.timeout_ms,
        async send(attempt) {
          const result = withoutSecretsIn(await caller.call(request, attempt), hide);
          return { ...outcomeOf(result, config, Date.now()), response: shownResponse(result) };
        },
      };
    },
    close: caller.close,
  };
};

function contentFor({ submission, ids }: Message, { body }: HttpDelivery): unknown {
  return body === undefined
    ? defaultBody(submission, ids)
    : fill(body, templateFacts(submission, ids), MAX_FILLED);
}

/** The same with each request. */
function fixedHeaders({ headers = {} }: HttpDelivery): Readonly<Record<string, string>> {
  // Stored before anybody checked, such names are still there.
  const given = Object.entries(headers).filter(([name]) => !OUR_HEADERS.test(name));
  return {
    "content-type": "application/json",
    "user-agent": "switchyard",
    ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

const signatureOf = ({ ids, now }: Message, body: string, secret: SigningKey | undefined) =>
  secret === undefined ? {} : signedHeaders(secret, ids.delivery_id, body, now);

/** What may be a credential is kept out of the record, whether it was declared one or not. Each name is looked at once. */
function hiddenHeaders(delivery: HttpDelivery): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const isHidden =
      known.get(name) ??
      (name !== "idempotency-key" && (CREDENTIAL.test(name) || isSecretHeader(name, delivery)));
    known.set(name, isHidden);
    return isHidden;
  };
}

function shownHeaders(
  headers: Readonly<Record<string, string>>,
  isHidden: (name: string) => boolean,
): Record<string, string> {
  const shown = { ...headers };
  for (const name of Object.keys(shown)) if (isHidden(name)) shown[name] = HIDDEN;
  return shown;
}
