// GET /api/stream: what happens, as server-sent events.
import type { OutgoingHttpHeaders } from "node:http";
import { z } from "zod";
import { every } from "#platform/every.ts";
import type { Identify } from "../access/identify.ts";
import type { Routes } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { Hub } from "./hub.ts";
import { type Topic, topics } from "./messages.ts";
import { type Place, placeOf, positionAt } from "./place.ts";
import { Reader } from "./reader.ts";

const EVENT_STREAM = "text/event-stream";
const MAX_READERS = 2_000;
const RETRY_AFTER_S = 5;
/** How long a reader may go on whose session or token has ended. */
const LOOK_EVERY_MS = 5_000;
const LAST_EVENT_ID = "last-event-id";

const Topics = z.object({
  topics: z
    .string()
    .max(200)
    .transform((text, context): ReadonlySet<Topic> => {
      const named = text.split(",").map((topic) => topic.trim());
      const unknown = named.find((topic) => !isTopic(topic));
      if (unknown !== undefined)
        context.addIssue({ code: "custom", message: `must name some of ${topics.join(", ")}` });
      return new Set(named.filter(isTopic));
    })
    .optional()
    .meta({ description: `Separated by commas, of ${topics.join(", ")}; all of them unless given` }),
});

const isTopic = (text: string): text is Topic => (topics as readonly string[]).includes(text);

export interface StreamParts {
  readonly hub: Hub;
  readonly identify: Pick<Identify, "isStillIn">;
  readonly maxReaders?: number;
  readonly lookEveryMs?: number;
}

export function streamRoutes(parts: StreamParts): Routes {
  const { hub, identify, maxReaders = MAX_READERS, lookEveryMs = LOOK_EVERY_MS } = parts;
  let open = 0;

  return async (app) => {
    app.addHook("preClose", () => hub.close());

    app.get(
      "/api/stream",
      {
        exposeHeadRoute: false,
        schema: {
          tags: ["Operations"],
          summary: "What happens, as server-sent events",
          description:
            "Each event's `id` is a place in the log. `Last-Event-ID` goes on after it without a gap, or says by an event `reset` that it can't and goes on with what happens now.",
          headers: z.object({
            [LAST_EVENT_ID]: z
              .string()
              .optional()
              .meta({ description: "The id of the last event that was read" }),
          }),
          querystring: Topics,
          response: { 200: { content: { [EVENT_STREAM]: { schema: z.string() } } } },
          position: true,
          refusals: ["overloaded"],
        },
      },
      async (request, reply) => {
        const wanted = request.query.topics ?? new Set(topics);
        const after = lastPlace(request.headers[LAST_EVENT_ID]);
        if (open >= maxReaders) throw new Refused(full(maxReaders));
        open += 1;
        reply.raw.once("close", () => {
          open -= 1;
        });
        const place = after ?? (await hub.begin());
        reply.hijack();
        const headers: OutgoingHttpHeaders = {
          ...(reply.getHeaders() as OutgoingHttpHeaders),
          "content-type": `${EVENT_STREAM}; charset=utf-8`,
          "x-position": `${positionAt(place)}`,
          // A proxy that gathers would hold back what is told.
          "x-accel-buffering": "no",
        };
        reply.raw.writeHead(200, headers);
        const reader = new Reader(reply.raw, wanted, place);
        // Who left while the hub began is not told of as leaving any more.
        if (reader.ended) return hub.remove(reader);
        const stopLooking = every({
          ms: lookEveryMs,
          work: async () => {
            if (!(await identify.isStillIn(request.headers))) reader.cutOff("signed_out");
          },
        });
        reply.raw.once("close", () => {
          stopLooking();
          hub.remove(reader);
        });
        reader.greet();
        hub.add(reader, after !== undefined).catch((error: unknown) => {
          request.log.warn({ err: error }, "stream of a reader broke off");
          hub.remove(reader);
          reply.raw.destroy();
        });
      },
    );
  };
}

function lastPlace(id: string | readonly string[] | undefined): Place | undefined {
  if (id === undefined || id === "") return undefined;
  const place = placeOf(String(id));
  if (place !== undefined) return place;
  const message = "must be the id of an event of this stream, as it came";
  throw new Refused(refusal("invalid", { errors: [{ path: LAST_EVENT_ID, message }] }));
}

const full = (readers: number) =>
  refusal("overloaded", {
    detail: `${readers} read the stream, which is as many as may; try again after retry-after`,
    retryAfterS: RETRY_AFTER_S,
  });
