import { z } from "zod";
import type { ConfigError } from "./config-error.ts";

/** What has to be known about a way to deliver beside the schema of its configuration. */
export interface DeliveryKind<Delivery, Shown> {
  /** What is wrong with one that fits its schema. */
  readonly errors: (delivery: Delivery) => ConfigError[];
  /** What is called, by the path where it stands: none of it may be a private address where those are not allowed. */
  readonly urls: (delivery: Delivery) => readonly (readonly [path: string, url: string])[];
  readonly withoutSecrets: (delivery: Delivery) => Shown;
  /** With `"…"` replaced by what is kept of `before`, which may be a delivery that can't be used, or none. */
  readonly withKeptSecrets: (shown: Shown, before: unknown) => KeptSecrets<Delivery>;
}

export interface KeptSecrets<Delivery> {
  readonly delivery: Delivery;
  /** Where there is nothing to keep. */
  readonly errors: readonly ConfigError[];
}

/** In place of what nobody may read. */
export const HIDDEN = "…";

export const Hidden = z.literal(HIDDEN).meta({ description: "Keeps what is there" });
export const NOTHING_TO_KEEP = `is ${HIDDEN}, and there is nothing to keep: give its value`;

/** For a kind that has no secrets. */
export const nothingSecret = {
  withoutSecrets: <Delivery>(delivery: Delivery): Delivery => delivery,
  withKeptSecrets: <Delivery>(delivery: Delivery): KeptSecrets<Delivery> => ({ delivery, errors: [] }),
};

/** For the whole of an attempt. */
export const Timeout = z.int().positive().max(120_000);
