import { isWellFormed } from "../well-formed.ts";
import type { PartnerConfig } from "./config.ts";
import { atMost, type ConfigError, check } from "./config-error.ts";
import { deliveryErrors } from "./delivery-config.ts";
import { scheduleErrors } from "./schedule.ts";

// What is wrong with a configuration that fits its schema: what no store takes, what overflows a timer, what contradicts itself.

/** Longer than this no mail is kept for anybody. */
const MAX_WAIT_MS = 7 * 24 * 3_600_000;
const MAX_THRESHOLD = 1_000_000;
const MIN_PER_SECOND = 1 / 86_400;
const MAX_PER_SECOND = 100_000;
const MAX_WINDOW_HOURS = 10 * 366 * 24;
const MAX_NAME = 200;
const MAX_PATHS = 20;
const MAX_PATH = 200;
const MAX_EQUALS = 1_000;

export function configErrors(config: PartnerConfig): ConfigError[] {
  const { name, dedupe, retry, circuit, limits, schedule, response, delivery } = config;
  const fields = dedupe !== undefined && "fields" in dedupe ? dedupe.fields : [];
  return [
    ...textErrors(config, ""),
    ...check("name", name.trim() === "" || name.length > MAX_NAME, `use 1 to ${MAX_NAME} characters`),
    ...deliveryErrors(delivery),
    ...check("dedupe.fields", fields.length > MAX_PATHS, `name at most ${MAX_PATHS} fields`),
    ...fields.flatMap((field, at) => pathErrors(`dedupe.fields.${at}`, field)),
    ...check("dedupe.fields", new Set(fields).size < fields.length, "names a field twice"),
    ...atMost("dedupe.window_hours", dedupe?.window_hours, MAX_WINDOW_HOURS),
    ...atMost("retry.base_ms", retry.base_ms, MAX_WAIT_MS),
    ...atMost("retry.max_ms", retry.max_ms, MAX_WAIT_MS),
    ...check("retry.max_ms", retry.max_ms < retry.base_ms, "is less than base_ms"),
    ...atMost("circuit.open_ms", circuit.open_ms, MAX_WAIT_MS),
    ...atMost("circuit.failure_threshold", circuit.failure_threshold, MAX_THRESHOLD),
    ...atMost("limits.per_second", limits.per_second, MAX_PER_SECOND),
    ...check(
      "limits.per_second",
      (limits.per_second ?? 1) < MIN_PER_SECOND,
      "is less than one a day; pause the partner instead",
    ),
    ...scheduleErrors(schedule),
    ...responseErrors(response),
  ];
}

/** Every text in it, names of fields included. */
function textErrors(value: unknown, path: string): ConfigError[] {
  if (typeof value === "string")
    return check(path, !isWellFormed(value), "has a NUL or half of a surrogate pair in it");
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => {
    const below = path === "" ? name : `${path}.${name}`;
    return isWellFormed(name)
      ? textErrors(one, below)
      : [{ path, message: "has a name with a NUL or half of a surrogate pair in it" }];
  });
}

function responseErrors(response: PartnerConfig["response"]): ConfigError[] {
  if (response === undefined) return [];
  const { success, duplicate, reason_path, price_path } = response;
  const matches = Object.entries({ success, duplicate }).flatMap(([name, match]) => {
    if (match === undefined) return [];
    const equals = JSON.stringify(match.equals);
    return [
      ...pathErrors(`response.${name}.path`, match.path),
      ...check(
        `response.${name}.equals`,
        equals.length > MAX_EQUALS,
        `has more than ${MAX_EQUALS} characters`,
      ),
    ];
  });
  const isSame = success !== undefined && JSON.stringify(success) === JSON.stringify(duplicate);
  return [
    ...matches,
    ...check("response.duplicate", isSame, "is the same as response.success, so nothing would be a success"),
    ...(reason_path === undefined ? [] : pathErrors("response.reason_path", reason_path)),
    ...(price_path === undefined ? [] : pathErrors("response.price_path", price_path)),
  ];
}

function pathErrors(path: string, fields: string): ConfigError[] {
  return [
    ...check(path, fields.length > MAX_PATH, `has more than ${MAX_PATH} characters`),
    ...check(path, fields.split(".").includes(""), "is no path: use names joined by dots, like result.code"),
  ];
}
