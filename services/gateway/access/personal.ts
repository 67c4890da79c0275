// Responses that may be about people: masked for those who may not see that, unless an auditor says why they must. A source sees its own leads.
import type { FastifyInstance, FastifyRequest, RouteOptions } from "fastify";
import { z } from "zod";
import { describeScope } from "../http/route-schema.ts";
import { demand, neededFor, permissionOf } from "./guard.ts";
import { masked, maskedPayload } from "./masked.ts";
import { isPersonal, may, type PermissionName } from "./permissions.ts";
import { personIn } from "./person.ts";
import type { Recorder } from "./record.ts";

const MAX_REASON = 200;

const Unmask = z.object({
  unmask: z
    .string()
    .trim()
    .min(1)
    .max(MAX_REASON)
    .optional()
    .meta({ description: "Why an auditor must see personal data in this response; it is recorded" }),
});

const shown = new WeakSet<FastifyRequest>();

export function maskPersonalData(app: FastifyInstance, recorder: Pick<Recorder, "commit">): void {
  describeScope(app, (route) =>
    hasPersonalData(route)
      ? {
          querystring: ((route.schema?.querystring as z.ZodObject | undefined) ?? z.object()).extend(
            Unmask.shape,
          ),
        }
      : {},
  );

  app.addHook("preHandler", async (request) => {
    const { unmask } = (request.query ?? {}) as z.infer<typeof Unmask>;
    const person = personIn(request);
    if (unmask === undefined || person === undefined || !isPersonal(neededFor(request))) return;
    demand(person, "personal_data.unmask");
    if (may(person.role, "personal_data.read")) return;
    await recorder.commit(async () => ({
      result: undefined,
      by: person.by,
      events: [{ type: "PersonalDataShown", data: { what: whatIsShown(request), reason: unmask } }],
    }));
    shown.add(request);
  });

  app.addHook("preSerialization", async (request, reply, payload) => {
    const person = personIn(request);
    const needed = neededFor(request);
    if (person === undefined || !isPersonal(needed) || reply.statusCode >= 400) return payload;
    if (may(person.role, "personal_data.read") || shown.has(request)) return payload;
    reply.header("x-masked", "true");
    return maskOf(needed)(payload);
  });
}

/** Of context every field is somebody's; elsewhere the fields say what is. */
const maskOf = (needed: PermissionName): ((value: unknown) => unknown) =>
  needed === "context.read" ? maskedPayload : masked;

const hasPersonalData = (route: RouteOptions): boolean =>
  isPersonal(permissionOf(route)) && [route.method].flat().every((one) => one === "GET" || one === "HEAD");

/** Without the query: what was searched for may itself be about somebody. */
function whatIsShown({ routeOptions, params }: FastifyRequest): string {
  const { url = "" } = routeOptions;
  const { id } = (params ?? {}) as { readonly id?: string };
  const isAddressed = id !== undefined && z.uuid().safeParse(id).success;
  return isAddressed ? url.replace(":id", id) : url;
}
