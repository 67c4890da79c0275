// The figures of every process of the yard, asked for over NATS: in `npm start` one address shows them all.
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { z } from "zod";
import type { Requests } from "../bus/requests.ts";
import { newUuid } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { readMessage } from "./message.ts";

const REQUEST_SUBJECT = "workers.figures";
const replySubject = (id: string): string => `workers.figures_of.${id}`;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** As prom-client gives and takes them; a number that JSON has no text for is null. */
const Family = z.looseObject({
  name: z.string(),
  help: z.string(),
  type: z.string(),
  aggregator: z.string().optional(),
  values: z.array(
    z.looseObject({
      value: z.number().nullable(),
      labels: z.record(z.string(), z.union([z.string(), z.number()])),
      metricName: z.string().optional(),
    }),
  ),
});
export type Family = z.infer<typeof Family>;

const Request = z.object({ id: z.string(), by: z.string() });
const Reply = z.object({ instance: z.string(), began: z.number(), figures: z.array(Family) });
/** Of one process, which `began` tells from others by the same name before and after it. */
export type Figures = z.infer<typeof Reply>;

type Broadcasts = Pick<Requests, "broadcast" | "listen">;

export interface ServeParts {
  readonly bus: Broadcasts;
  readonly instance: string;
  readonly began: number;
  readonly metrics: Pick<Metrics, "registry">;
  readonly log: Log;
}

export function serveFigures({ bus, instance, began, metrics, log }: ServeParts): {
  close(): Promise<void>;
} {
  async function reply(id: string): Promise<void> {
    const figures = await metrics.registry.getMetricsAsJSON();
    // A thousand partners are megabytes of text, and the server takes one.
    bus.broadcast(replySubject(id), await zip(JSON.stringify({ instance, began, figures })));
  }
  return bus.listen(REQUEST_SUBJECT, (data) => {
    const request = readMessage(Request, data);
    if (request === undefined || request.by === instance) return;
    reply(request.id).catch((error: unknown) => log.warn({ err: error }, "figures not sent"));
  });
}

export interface RequestOptions {
  readonly bus: Broadcasts;
  /** Who asks, and does not have to reply. */
  readonly by: string;
  /** Whose replies are waited for. */
  readonly from: ReadonlySet<string>;
  readonly withinMs: number;
}

/** Resolves when all have replied, or the time is over; also others than those who are waited for may have replied. */
export async function requestFigures({ bus, by, from, withinMs }: RequestOptions): Promise<Figures[]> {
  const id = newUuid();
  const replies: Figures[] = [];
  const missing = new Set(from);
  const done = Promise.withResolvers<void>();
  const listening = bus.listen(replySubject(id), (data) => {
    void unzip(data).then(
      (text) => {
        const reply = readMessage(Reply, text);
        if (reply === undefined) return;
        replies.push(reply);
        missing.delete(reply.instance);
        if (missing.size === 0) done.resolve();
      },
      () => undefined,
    );
  });
  const timer = setTimeout(done.resolve, withinMs);
  bus.broadcast(REQUEST_SUBJECT, Buffer.from(JSON.stringify({ id, by })));
  if (missing.size > 0) await done.promise;
  clearTimeout(timer);
  await listening.close();
  return replies;
}
