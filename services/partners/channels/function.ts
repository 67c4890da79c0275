// Partners that are a function: what it is given, and what its result, its exceptions and its limits mean.
import { createHash } from "node:crypto";
import { z } from "zod";
import { defaultBody } from "#domain/partner/body.ts";
import type { AttemptOutcome } from "#domain/partner/outcome.ts";
import { DELIVERY_LIMITS } from "../sandbox/limits.ts";
import type { RunResult } from "../sandbox/messages.ts";
import { deliveryHeaders, type OpenChannel, type Sent } from "./channel.ts";
import { createFunctionFetch, type FunctionFetch } from "./function-fetch.ts";

export const openFunctionChannel: OpenChannel<"function"> = (options) => {
  const { delivery, config, allowPrivate, sandbox, partner } = options;
  const { code, allowed_hosts = [], timeout_ms: timeoutMs } = delivery;
  const sha256 = createHash("sha256").update(code).digest("hex");
  const underWay = new Set<Promise<Sent>>();
  return {
    prepare(message) {
      const lead = { ...defaultBody(message.submission, message.ids), ...(message.isTest && { test: true }) };
      return {
        request: { function: { sha256 }, body: lead },
        timeoutMs,
        async send(attempt) {
          const reason = attempt.obstacle();
          if (reason !== undefined)
            return { outcome: { outcome: "not_called", reason }, response: { error: reason } };
          const fetching = createFunctionFetch({
            allowedHosts: allowed_hosts,
            allowPrivate,
            timeoutMs,
            headers: deliveryHeaders(message),
            attempt,
          });
          const running = sandbox
            .run({
              owner: partner,
              job: { code, argument: JSON.stringify(lead), limits: DELIVERY_LIMITS, mayWait: true },
              timeoutMs,
              signal: attempt.abandon,
              ...(allowed_hosts.length > 0 && { fetch: fetching.fetch }),
            })
            .then((result) => {
              fetching.close();
              const sent = sentOf(result, fetching, config.price);
              // What it says of a call that was broken off is about us.
              return attempt.abandon.aborted && sent.outcome.outcome !== "succeeded"
                ? { ...sent, outcome: abandoned(fetching) }
                : sent;
            });
          underWay.add(running);
          return running.finally(() => underWay.delete(running));
        },
      };
    },
    async close() {
      await Promise.all(underWay);
    },
  };
};

const Result = z.object({
  outcome: z.enum(["success", "failure"]),
  reason: z.string().nullish(),
  price: z.number().nullish(),
});

function sentOf(result: RunResult, { calls, hasCalled }: FunctionFetch, price: number | undefined): Sent {
  const shown = { logs: result.logs, calls: [...calls] };
  if (!result.ok) {
    const { failure, message, line } = result;
    const error = { failure, message, ...(line !== undefined && { line }) };
    return sent(hasCalled() ? "unknown" : "failed", `function_${failure}`, { ...shown, error });
  }
  const value = JSON.parse(result.json) as unknown;
  const told = Result.safeParse(value).data;
  if (told === undefined)
    return sent(hasCalled() ? "unknown" : "failed", "function_result_unreadable", {
      ...shown,
      result: value,
    });
  const response = { ...shown, result: value };
  const words = told.reason ? { told: told.reason } : {};
  if (told.outcome === "failure") return { ...sent("rejected", "function_declined", response), ...words };
  const paid = told.price ?? price;
  return {
    outcome: { outcome: "succeeded", ...(paid !== undefined && { price: paid }) },
    ...words,
    response,
  };
}

const abandoned = ({ hasCalled }: FunctionFetch): AttemptOutcome => ({
  outcome: hasCalled() ? "interrupted" : "not_called",
  reason: "abandoned",
});

/** Words of ours only: what a function throws may have personal data in it, and a reason stands unsealed in the log. */
const sent = (
  outcome: Exclude<AttemptOutcome["outcome"], "succeeded" | "duplicate">,
  reason: string,
  response: object,
): Sent => ({ outcome: { outcome, reason }, response });
