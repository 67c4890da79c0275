// GET /api/workers: which roles run where, and how they are.
import { z } from "zod";
import { ROLES } from "#platform/config.ts";
import { describeScope, type Routes, responseSchemas } from "../http/route-schema.ts";
import type { Workers } from "./workers.ts";

const Worker = z
  .object({
    role: z.enum(ROLES),
    instance: z.string().meta({ description: "The process; a process that replaces it has the same name" }),
    state: z.enum(["starting", "running", "stopping", "lost"]),
    since: z.iso.datetime().meta({ description: "Since when it is in this state" }),
    restarts: z.int().nonnegative().meta({ description: "How often it died and was started again" }),
    last_heartbeat: z.iso.datetime(),
    reason: z
      .string()
      .optional()
      .meta({ description: "What ended it the last time, or why it counts as lost" }),
  })
  .register(responseSchemas, { id: "Worker" });
const WorkerList = z.array(Worker).register(responseSchemas, { id: "Workers" });

export function workerRoutes(workers: Pick<Workers, "list">): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Operations"] }));
    app.get(
      "/api/workers",
      { schema: { summary: "Which roles run where, and how they are", response: { 200: WorkerList } } },
      () => workers.list(),
    );
  };
}
