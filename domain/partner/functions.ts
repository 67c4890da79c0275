import type { PartnerConfig } from "./config.ts";

/** The functions of a configuration that people wrote, by the path where they stand: each has to compile. */
export function functionsIn({
  delivery,
  dedupe,
}: Pick<PartnerConfig, "delivery" | "dedupe">): (readonly [path: string, code: string])[] {
  return [
    ...(delivery.type === "function" ? [["delivery.code", delivery.code] as const] : []),
    ...(dedupe !== undefined && "function" in dedupe ? [["dedupe.function", dedupe.function] as const] : []),
  ];
}
