// The parts that hold no state of the yard, made simple: a vault that seals nothing, a log that tells nobody, and the configuration.
import { PartnerId, SourceId } from "#domain/ids.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner } from "#domain/partner/configured.ts";
import { compileRules, loadRules } from "#domain/rules/compile/compile.ts";
import { type RouteTarget, Rule } from "#domain/rules/rule.ts";
import type { Log } from "#platform/log.ts";
import type { MailSignature } from "#platform/mail-signature.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";
import type { RoutableNow } from "../../services/leads/routing-view.ts";
import type { SnapshotsOfPartner } from "../../services/partners/snapshots.ts";

export const DEMO = SourceId.parse("demo");

const sealed = (key: string, value: unknown): Sealed => ({
  key,
  iv: "",
  tag: "",
  data: JSON.stringify(value),
});
const opened = ({ data }: Sealed): unknown => JSON.parse(data);

export const vault: Vault = {
  ensureKeys: async () => [],
  seal: async (key, value) => sealed(key, value),
  sealCached: sealed,
  sealMany: async (items) => items.map(({ key, value }) => sealed(key, value)),
  fetchKeys: async () => undefined,
  open: async (value) => opened(value),
  openMany: async (items) => items.map((one) => opened(one.sealed)),
  openReadable: async (items) => items.map((one) => opened(one.sealed)),
  existing: async (keys) => [...keys],
  destroy: async () => undefined,
  toForget: async () => [],
  forgot: async () => undefined,
  purge: () => Promise.reject(new Error("there is no database")),
  fingerprint: (domain, value) => `${domain}:${value}`,
  check: async () => undefined,
};

export const signature: MailSignature = { header: "Signed", sign: () => "signed", isSigned: () => true };

/** Nothing is due, so everything is read from the stream. */
export const noSnapshots: SnapshotsOfPartner = {
  newest: async () => undefined,
  isDue: () => false,
  consider: () => undefined,
  lookUp: async () => undefined,
  written: async () => undefined,
};

/** Tells what is wrong to `tell`, where somebody listens. */
export function logTo(tell: ((line: string) => void) | undefined): Log {
  const say =
    (level: string) =>
    (...said: unknown[]): void => {
      const [fields, message] = typeof said[0] === "string" ? [{}, said[0]] : said;
      const { err, ...others } = fields as { err?: Error };
      const shown = JSON.stringify(others, (_, value) => (typeof value === "bigint" ? `${value}` : value));
      tell?.(`${level} ${message} ${shown} ${err?.message ?? ""}`);
    };
  const quiet = tell === undefined ? () => undefined : say("info");
  const log: Partial<Log> = {};
  Object.assign(log, {
    child: () => log,
    trace: () => undefined,
    debug: () => undefined,
    info: quiet,
    warn: tell === undefined ? quiet : say("warn"),
    error: tell === undefined ? quiet : say("error"),
    fatal: tell === undefined ? quiet : say("fatal"),
  });
  return log as Log;
}

export const CAP = 3;
/** Each is another kind of partner; `simulate.ts` says how they answer. */
const SETTINGS: Record<string, object> = {
  steady: { delivery: { type: "nats", subject: "partners.steady" } },
  doubtful: { delivery: { type: "nats", subject: "partners.doubtful" }, idempotent: false },
  capped: { delivery: { type: "nats", subject: "partners.capped" }, caps: { total: CAP, otherwise: "next" } },
  picky: { delivery: { type: "function", code: "picky" } },
  narrow: { delivery: { type: "nats", subject: "partners.narrow" }, limits: { concurrency: 1 } },
  mails: { delivery: { type: "nats", subject: "partners.mails" } },
};
const SHARED = {
  enabled: true,
  retry: { max_attempts: 4, base_ms: 50, max_ms: 2_000 },
  circuit: { failure_threshold: 3, open_ms: 1_000 },
};

export const PARTNERS: ReadonlyMap<PartnerId, ConfiguredPartner> = new Map(
  Object.entries(SETTINGS).map(([name, settings]) => {
    const { delivery, ...config } = PartnerConfig.parse({ name, ...SHARED, ...settings });
    const stored = { sealed: sealed("secrets", delivery) };
    return [PartnerId.parse(name), { config, version: 1, delivery: stored, standing: "active" }];
  }),
);

const to = (interest: string, route: RouteTarget): Rule =>
  Rule.parse({
    id: interest,
    name: interest,
    priority: 1,
    enabled: true,
    when: { combinator: "and", rules: [{ field: "interest", operator: "=", value: interest }] },
    route,
  });

export const INTERESTS = ["steady", "doubtful", "capped", "picky", "narrow", "split", "nobody"];
const RULES = [
  to("steady", { to: PartnerId.parse("steady") }),
  to("doubtful", { to: PartnerId.parse("doubtful") }),
  to("capped", { waterfall: ["capped", "steady"].map((id) => PartnerId.parse(id)) }),
  to("picky", { waterfall: ["picky", "narrow"].map((id) => PartnerId.parse(id)) }),
  to("narrow", { to: PartnerId.parse("narrow") }),
  to("split", { split: ["steady", "narrow"].map((id) => ({ to: PartnerId.parse(id), weight: 1 })) }),
];

export const routable: RoutableNow = {
  version: 1,
  decide: loadRules(compileRules(RULES).source, RULES),
  partner: (id) => (PARTNERS.has(id) ? "open" : "unknown"),
  service: () => undefined,
  contextKinds: new Set(),
};
