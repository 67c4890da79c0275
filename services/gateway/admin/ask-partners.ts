// What whoever delivers is asked: it runs people's functions and calls their partners, the gateway does neither.
import { z } from "zod";
import type { PartnerId } from "#domain/ids.ts";
import type { PartnerConfig } from "#domain/partner/config.ts";
import { functionsIn } from "#domain/partner/functions.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import { COMPILE_SUBJECT, TEST_DELIVERY_SUBJECT } from "#platform/bus/subjects.ts";
import { type InputError, Refused, refusal } from "../refusal.ts";
import { TestedDelivery } from "./test-delivery.ts";

const COMPILE_MS = 6_000;
/** Longer than a test may take. */
const TEST_MS = 40_000;

const Errors = z.object({ errors: z.array(z.object({ path: z.string(), message: z.string() })) });
const Compiled = z.union([Errors, z.object({ busy: z.literal(true) })]);
const Outcome = z.object({
  outcome: z.string(),
  reason: z.string().optional(),
  price: z.number().optional(),
});
const Tested = z.object({
  request: z.record(z.string(), z.unknown()),
  response: z.record(z.string(), z.unknown()),
  outcome: Outcome,
  timings: TestedDelivery.shape.timings,
});

type Asking = Pick<Bus, "request">;

async function ask(bus: Asking, subject: string, question: object, timeoutMs: number): Promise<unknown> {
  try {
    const answer = await bus.request(subject, Buffer.from(JSON.stringify(question)), timeoutMs);
    return JSON.parse(Buffer.from(answer).toString("utf8"));
  } catch (error) {
    if (!(error instanceof BusError) || error.reason !== "no_responders") throw error;
    throw unavailable("No process with the role partners is running; start one, or try again in a moment");
  }
}

const unavailable = (detail: string): Refused =>
  new Refused(refusal("unavailable", { detail, retryAfterS: 1 }));

/** What is wrong with the functions of a configuration, with the line where that is known. */
export async function functionErrors(
  bus: Asking,
  config: Pick<PartnerConfig, "delivery" | "dedupe">,
): Promise<readonly InputError[]> {
  const functions = functionsIn(config);
  if (functions.length === 0) return [];
  const compiled = Compiled.parse(await ask(bus, COMPILE_SUBJECT, { functions }, COMPILE_MS));
  if ("busy" in compiled)
    throw unavailable("The machine was too busy to compile the function in time; try again in a moment");
  return compiled.errors;
}

export async function testDelivery(
  bus: Asking,
  order: { readonly partner: PartnerId; readonly version: number; readonly submission: Submission },
): Promise<TestedDelivery> {
  const answer = await ask(bus, TEST_DELIVERY_SUBJECT, order, TEST_MS);
  const refused = Errors.safeParse(answer).data;
  if (refused !== undefined) throw new Refused(refusal("unacceptable", refused));
  const { outcome, ...shown } = Tested.parse(answer);
  return { ...shown, ...outcome, outcome: meaningOf(outcome.outcome) };
}

/** In the words of the API: what declined is a failure, what may go well another time an error. */
function meaningOf(outcome: string): TestedDelivery["outcome"] {
  if (outcome === "succeeded") return "success";
  const isDeclined = outcome === "rejected" || outcome === "gone" || outcome === "duplicate";
  return isDeclined ? "failure" : "error";
}
