// What functions may use, by what they are for.
import type { Limits } from "./messages.ts";

const memoryBytes = 32 * 1024 * 1024;

export const DELIVERY_LIMITS: Limits = { cpuMs: 1_000, memoryBytes, maxOutput: 65_536 };

/** Nobody waits for a partner here: it only says what is the same. */
export const DEDUPE_LIMITS: Limits = { cpuMs: 100, memoryBytes, maxOutput: 4_096 };
/** On a busy machine the time of a thread passes slower than that of the clock. */
export const DEDUPE_TIMEOUT_MS = 2_000;

/** For evaluating what stands around the function. */
export const COMPILE_LIMITS: Limits = { cpuMs: 250, memoryBytes, maxOutput: 10 };
export const COMPILE_TIMEOUT_MS = 4_000;
