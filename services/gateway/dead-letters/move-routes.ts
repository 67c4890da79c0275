// /api/dlq/requests: what is being moved, how far it is, and how it is held.
import { z } from "zod";
import { RequestId } from "#domain/dead-letter/request.ts";
import type { MovingQueries } from "#projections/dead-letters/moving.ts";
import type { DeadLetterQueries } from "#projections/dead-letters/query.ts";
import { byOf } from "../access/person.ts";
import { type Routes, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import type { MoveRequests } from "./requests.ts";

const count = z.int().nonnegative();
export const MoveRequestsShown = z
  .object({
    items: z.array(
      z.object({
        id: RequestId,
        action: z.enum(["redrive", "discard"]),
        by: z.string().optional(),
        count: count.meta({ description: "How many it has chosen" }),
        moved: count,
        paused: z.boolean(),
      }),
    ),
  })
  .register(responseSchemas, { id: "MoveRequests" });
const Held = z.object({ id: RequestId, paused: z.boolean() }).register(responseSchemas, { id: "Held" });
const params = z.object({ id: RequestId });

export interface MoveRoutesParts {
  readonly letters: DeadLetterQueries;
  readonly moving: Pick<MovingQueries, "underWay">;
  readonly requests: Pick<MoveRequests, "hold">;
}

export function moveRoutes({ letters, moving, requests }: MoveRoutesParts): Routes {
  const reading: Routes = async (app) => {
    reportPosition(app, letters);

    app.get(
      "/api/dlq/requests",
      {
        schema: {
          summary: "Requests to move dead letters that are not carried out yet, and how far each is",
          response: { 200: MoveRequestsShown },
        },
      },
      async () => {
        const items = await moving.underWay();
        return { items: items.map(({ by, ...item }) => ({ ...item, ...(by !== null && { by }) })) };
      },
    );
  };

  return async (app) => {
    await app.register(reading);
    for (const [order, summary] of [
      ["pause", "Move nothing more of what a request has chosen, until it is resumed"],
      ["resume", "Go on moving what a request has chosen"],
    ] as const)
      app.post(
        `/api/dlq/requests/:id/${order}`,
        { schema: { summary, params, response: { 200: Held }, refusals: ["conflict"] } },
        async (request, reply) => {
          const { id } = request.params;
          const position = await requests.hold(id, order, byOf(request));
          reply.header("x-position", `${position}`);
          return { id, paused: order === "pause" };
        },
      );
  };
}
