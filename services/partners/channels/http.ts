// Partners that are called over HTTP: what is sent, and what a status means.
import { createSecretKey } from "node:crypto";
import { defaultBody, templateFacts } from "#domain/partner/body.ts";
import { HIDDEN } from "#domain/partner/delivery-kind.ts";
import { type HttpDelivery, OUR_HEADERS } from "#domain/partner/http-delivery.ts";
import { CREDENTIAL, hideSecrets, isSecretHeader, withoutUrlSecrets } from "#domain/partner/http-secrets.ts";
import { fill, MAX_FILLED } from "#domain/partner/template.ts";
import { createHttpCaller, type HttpRequest } from "#platform/http-call.ts";
import { parseSecret, type SigningKey, signedHeaders } from "#platform/webhooks.ts";
import { deliveryHeaders, type Message, type OpenChannel } from "./channel.ts";
import { outcomeOf, shownResponse, withoutSecretsIn } from "./http-result.ts";

export const openHttpChannel: OpenChannel<"http"> = (options) => {
  const { delivery, config, allowPrivate } = options;
  const secret = delivery.secret === undefined ? undefined : createSecretKey(parseSecret(delivery.secret));
  const shownUrl = withoutUrlSecrets(delivery.url);
  const hide = hideSecrets(delivery);
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
      const request = requestFor(message, delivery, JSON.stringify(content), secret);
      const { method } = delivery;
      return {
        request: { method, url: shownUrl, headers: shownHeaders(request.headers, delivery), body: content },
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

function requestFor(
  message: Message,
  { method, headers = {} }: HttpDelivery,
  body: string,
  secret: SigningKey | undefined,
): HttpRequest {
  // Stored before anybody checked, such names are still there.
  const given = Object.entries(headers).filter(([name]) => !OUR_HEADERS.test(name));
  const signature =
    secret === undefined ? {} : signedHeaders(secret, message.ids.delivery_id, body, message.now);
  return {
    method,
    headers: {
      "content-type": "application/json",
      "user-agent": "switchyard",
      ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
      ...deliveryHeaders(message),
      ...signature,
    },
    body,
  };
}

/** What may be a credential is kept out of the record, whether it was declared one or not. */
function shownHeaders(headers: HttpRequest["headers"], delivery: HttpDelivery): Record<string, string> {
  const isHidden = (name: string): boolean =>
    name !== "idempotency-key" && (CREDENTIAL.test(name) || isSecretHeader(name, delivery));
  const shown = Object.entries(headers).map(([name, value]) => [name, isHidden(name) ? HIDDEN : value]);
  return Object.fromEntries(shown);
}
