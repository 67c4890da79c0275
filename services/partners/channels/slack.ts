// Partners that read an incoming webhook of Slack: what is written there, and what Slack's answers mean.

import { templateFacts } from "#domain/partner/body.ts";
import { HIDDEN } from "#domain/partner/delivery-kind.ts";
import { summaryOf } from "#domain/partner/summary.ts";
import { fillText, MAX_FILLED, writtenIn } from "#domain/partner/template.ts";
import { createHttpCaller, type HttpResponse } from "#platform/http-call.ts";
import { deliveryHeaders, type Message, type OpenChannel } from "./channel.ts";
import { outcomeOf, shownResponse, withoutSecretsIn } from "./http-result.ts";

export const openSlackChannel: OpenChannel<"slack"> = ({ delivery, config, allowPrivate }) => {
  const { webhook_url, text, timeout_ms: timeoutMs } = delivery;
  const { origin, pathname } = new URL(webhook_url);
  const caller = createHttpCaller({
    url: webhook_url,
    concurrency: config.limits.concurrency,
    timeoutMs,
    keepAlive: config.idempotent,
    allowPrivate,
  });
  const hide = (shown: string): string =>
    pathname.length < 2 ? shown : shown.replaceAll(webhook_url, HIDDEN).replaceAll(pathname, HIDDEN);
  return {
    prepare(message) {
      const written = writtenIn(message.submission).text;
      const own = text === undefined ? blocksFor(message) : { text: textFor(message, text) };
      const body = written === undefined ? own : { text: escaped(written) };
      const headers = {
        "content-type": "application/json",
        "user-agent": "switchyard",
        ...deliveryHeaders(message),
      };
      return {
        request: { method: "POST", url: `${origin}/${HIDDEN}`, headers, body },
        timeoutMs,
        async send(attempt) {
          const request = { method: "POST", headers, body: JSON.stringify(body) } as const;
          const result = withoutSecretsIn(await caller.call(request, attempt), hide);
          const told = outcomeOf(result, config, Date.now(), reasonOf);
          return { ...told, response: shownResponse(result) };
        },
      };
    },
    close: caller.close,
  };
};

/** How Slack names what it refuses. Any other word may be a name: what follows from it stands unsealed in the log. */
const REFUSALS = new Set([
  ...["action_prohibited", "channel_is_archived", "channel_not_found", "invalid_blocks", "invalid_payload"],
  ...["invalid_token", "no_active_hooks", "no_service", "no_service_id", "no_team", "no_text"],
  ...["posting_to_general_channel_denied", "rollup_error", "team_disabled", "too_many_attachments"],
  ...["token_revoked", "user_not_found"],
]);

function reasonOf({ status, body }: HttpResponse): string {
  const word = body.trim();
  return REFUSALS.has(word) ? word : `http_${status}`;
}

/** So that nothing filled in can mention a person, call a whole channel or hide where a link leads. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const MAX_TEXT = 40_000;
const TEST_MARK = "[Test] ";

function textFor({ submission, ids, isTest }: Message, template: string): string {
  const text = fillText(template, templateFacts(submission, ids), MAX_FILLED, escaped);
  return `${isTest ? TEST_MARK : ""}${text}`.slice(0, MAX_TEXT);
}

/** What one section of a message takes. */
const MAX_FIELDS = 10;
const MAX_HEADER = 150;
const MAX_FIELD = 2_000;

function blocksFor({ submission, ids, isTest }: Message): object {
  const { title, fields } = summaryOf(submission, MAX_FIELDS);
  const text = `${isTest ? TEST_MARK : ""}${title}`;
  const section = {
    type: "section",
    fields: fields.map(([label, value]) => ({
      type: "mrkdwn",
      text: `*${escaped(label)}*\n${escaped(value)}`.slice(0, MAX_FIELD),
    })),
  };
  return {
    // What notifications show.
    text: escaped(text),
    blocks: [
      { type: "header", text: { type: "plain_text", text: text.slice(0, MAX_HEADER) } },
      ...(fields.length > 0 ? [section] : []),
      {
        type: "context",
        elements: [{ type: "mrkdwn", text: `Submission ${ids.id} · delivery ${ids.delivery_id}` }],
      },
    ],
  };
}
