import type { Circuit } from "./circuit.ts";
import type { PartnerSettings } from "./config.ts";
import type { ConfiguredPartner } from "./configured.ts";

// How many deliveries a partner may get now. Every limit that is looked at before a delivery begins is looked at here.

/** What a partner can be given, as far as its actor knows. */
export interface Traffic {
  /** Deliveries that wait in hand. */
  readonly waiting: number;
  /** For how long the channel can't be opened: without end where the partner's configuration can't be used. */
  readonly channelRestMs: number;
  /** Deliveries that have begun, and whose calls have not ended. */
  readonly underWay: number;
  /** Those that were begun while the circuit was open: the first of them to be recorded is the probe. */
  readonly probing: number;
  /** How long a call takes lately, in milliseconds. */
  readonly callMs: number;
  /** How many of them `limits.per_second` lets begin now, and when it lets the next one. */
  readonly tokens: number;
  readonly nextTokenMs: number;
}

export type Admission =
  | { readonly type: "begin"; readonly count: number }
  /** For a call to end, and no longer than so many milliseconds. */
  | { readonly type: "wait"; readonly ms: number }
  /** The partner must not be called for so many milliseconds. */
  | { readonly type: "rest"; readonly ms: number };

type Standing = Pick<ConfiguredPartner, "standing" | "config">;

/** `now` in milliseconds. */
export function admit(partner: Standing, circuit: Circuit, traffic: Traffic, now: number): Admission {
  const { waiting, probing, tokens, nextTokenMs } = traffic;
  const ms = restMs(partner, circuit, traffic.channelRestMs, now);
  if (ms > 0) return { type: "rest", ms };
  const room = Math.max(0, roomFor(partner.config, traffic));
  // What is for a removed partner becomes a dead letter without a call.
  if (partner.standing === "removed") return begin(Math.min(waiting, room), Number.POSITIVE_INFINITY);
  const atOnce = { closed: room, open: probing === 0 ? 1 : 0, half_open: 0 }[circuit.state];
  const next = atOnce > 0 && tokens === 0 ? nextTokenMs : Number.POSITIVE_INFINITY;
  return begin(Math.min(waiting, atOnce, tokens), next);
}

const begin = (count: number, ms: number): Admission =>
  count > 0 ? { type: "begin", count } : { type: "wait", ms };

/**
 * How long the partner must be left alone, and its mail with it. Where it takes nothing by its caps or schedule, no circuit need be
 * waited for: what comes is held or goes on. 0 when it may be called, without end until someone configures it otherwise. */
export function restMs(
  { standing, config }: Standing,
  circuit: Circuit,
  channelRestMs: number,
  now: number,
  takesNothing = false,
): number {
  if (standing === "removed") return 0;
  if (standing === "paused" || !config.enabled) return Number.POSITIVE_INFINITY;
  return Math.max(channelRestMs, circuit.state === "open" && !takesNothing ? circuit.until - now : 0);
}

/** So much of the partner's time is recorded ahead, so that no call waits for the disk, and at most so many deliveries. */
const AHEAD_MS = 100;
const MAX_AHEAD = 256;

function roomFor({ limits, idempotent }: PartnerSettings, { underWay, callMs }: Traffic): number {
  // What a crash leaves recorded and not called is repeated, so who minds repeats gets nothing ahead.
  const ahead = idempotent ? Math.min(MAX_AHEAD, limits.concurrency * (AHEAD_MS / callMs)) : 0;
  return Math.floor(limits.concurrency + ahead) - underWay;
}
