import type { PartnerId, RuleId, SubmissionId } from "../ids.ts";
import type { Decide } from "../rules/compile/compile.ts";
import type { Facts } from "../rules/evaluate.ts";
import type { RouteTarget } from "../rules/rule.ts";
import { targetsOf } from "../rules/ruleset.ts";
import type { Routing } from "./decide.ts";
import type { Decided } from "./events.ts";
import type { Submission } from "./submission.ts";

/** Whether a partner takes anything now; a paused one does, its queue waits. */
export type PartnerState = "open" | "disabled" | "unknown";

export interface Routable {
  /** The compiled rules. */
  readonly decide: Decide;
  readonly version: number;
  readonly partner: (id: PartnerId) => PartnerState;
}

/** The rule leaves the choice to a routing service, which has not been asked yet. */
export interface Asking {
  readonly ask: string;
  readonly rule: RuleId;
}

/** The rules can't be followed as they stand: someone has to mend them or the partner, then it can be tried again. */
export interface Blocked {
  readonly blocked: string;
}

/**
 * What rules can ask about: the body's fields, the normalised ones in place of the raw, where it came from, and what was looked up. A
 * field of the body by the name of something that is looked up is never read in its place.
 */
export function factsOf({ payload, normalised, looked_up, kind, source }: Submission): Facts {
  const { person: _, context: __, suppressed: ___, ...fields } = payload;
  return { ...fields, ...normalised, ...looked_up, kind, source };
}

/** What a decision may rest on besides the rules, the partners and the facts. */
export type Circumstances = Omit<Decided, "closed">;

/** The digits of the id that choose the partition are taken, others choose the share of a split. */
export const seedOf = (id: SubmissionId): number => Number.parseInt(id.slice(-8), 16);

/** Where the rules in force send it. Pure, and the same for the same facts and circumstances. */
export function routeBy(
  { decide, version, partner }: Routable,
  circumstances: Circumstances,
  facts: Facts,
): Routing | Asking | Blocked {
  const rule = decide(facts);
  const decided = { ...circumstances, closed: closedIn(rule?.route, partner) };
  if (rule === undefined) return { partners: null, reason: "no_rule_matched", version, decided };
  const wanted = legsOf(rule.route, circumstances, partner);
  if ("ask" in wanted) return { ...wanted, rule: rule.id };
  const first = wanted.find((one) => partner(one) === "open");
  if (first === undefined) {
    const why = wanted.map((one) => `partner ${one} is ${partner(one)}`).join(", ");
    return { blocked: `rule ${rule.id} leads nowhere: ${why}` };
  }
  // Who is disabled now may be enabled when its turn comes: see docs/decisions/0182.
  const others = wanted.slice(wanted.indexOf(first) + 1).filter((one) => partner(one) !== "unknown");
  return { partners: [first, ...others], rule: rule.id, version, decided };
}

/** The decision once more, from what was recorded of it and the rules of its version. */
export function routeAgain(
  rules: Pick<Routable, "decide" | "version">,
  { closed, ...circumstances }: Decided,
  facts: Facts,
): Routing | Asking | Blocked {
  const states = new Map(closed.map(({ partner, state }) => [partner, state]));
  return routeBy({ ...rules, partner: (id) => states.get(id) ?? "open" }, circumstances, facts);
}

function closedIn(route: RouteTarget | undefined, partner: Routable["partner"]): Decided["closed"] {
  if (route === undefined) return [];
  return targetsOf(route).flatMap((target) => {
    const state = partner(target.partner);
    return state === "open" ? [] : [{ partner: target.partner, state }];
  });
}

function legsOf(
  route: RouteTarget,
  { seed, asked }: Circumstances,
  partner: Routable["partner"],
): readonly PartnerId[] | Pick<Asking, "ask"> {
  if ("to" in route) return [route.to];
  if ("waterfall" in route) return route.waterfall;
  if ("split" in route) return [share(route.split, seed, partner)];
  return asked?.service === route.ask ? [asked.partner] : { ask: route.ask };
}

type Share = { readonly to: PartnerId; readonly weight: number };

/** Each partner gets its part of all submissions; which one gets this follows from the seed alone. */
function share(split: readonly Share[], seed: number, partner: Routable["partner"]): PartnerId {
  const open = split.filter((one) => partner(one.to) === "open");
  const shares = open.length > 0 ? open : split;
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  let point = (seed / 0x1_0000_0000) * total;
  for (const { to, weight } of shares) {
    if (point < weight) return to;
    point -= weight;
  }
  return (shares.at(-1) as Share).to;
}
