import type { PartnerId, SubmissionId } from "../ids.ts";
import type { Decide } from "../rules/compile/compile.ts";
import type { Facts } from "../rules/evaluate.ts";
import type { RouteTarget } from "../rules/rule.ts";
import type { Routing } from "./decide.ts";
import type { Submission } from "./submission.ts";

/** Whether a partner takes anything now; a paused one does, its queue waits. */
export type PartnerState = "open" | "disabled" | "unknown";

export interface Routable {
  /** The compiled rules. */
  readonly decide: Decide;
  readonly version: number;
  readonly partner: (id: PartnerId) => PartnerState;
}

/** The rules can't be followed as they stand: someone has to mend them or the partner, then it can be tried again. */
export interface Blocked {
  readonly blocked: string;
}

/** What rules can ask about: the body's fields, the normalised ones in place of the raw, and where it came from. */
export function factsOf({ payload, normalised, kind, source }: Submission): Facts {
  return { ...payload, ...normalised, kind, source };
}

/** Where the rules in force send it. Pure, and the same for the same submission. */
export function routeBy(
  { decide, version, partner }: Routable,
  id: SubmissionId,
  facts: Facts,
): Routing | Blocked {
  const rule = decide(facts);
  if (rule === undefined) return { partners: null, reason: "no_rule_matched", version };
  const wanted = legsOf(rule.route, id, partner);
  if (wanted === undefined) return { partners: null, reason: "routing_services_not_available", version };
  const [first, ...others] = wanted.filter((one) => partner(one) === "open");
  if (first === undefined) {
    const why = wanted.map((one) => `partner ${one} is ${partner(one)}`).join(", ");
    return { blocked: `rule ${rule.id} leads nowhere: ${why}` };
  }
  return { partners: [first, ...others], rule: rule.id, version };
}

function legsOf(
  route: RouteTarget,
  id: SubmissionId,
  partner: (id: PartnerId) => PartnerState,
): readonly PartnerId[] | undefined {
  if ("to" in route) return [route.to];
  if ("waterfall" in route) return route.waterfall;
  if ("split" in route) return [share(route.split, id, partner)];
  return undefined;
}

type Share = { readonly to: PartnerId; readonly weight: number };

/** Each partner gets its part of all submissions; which one gets this follows from the submission's id alone. */
function share(
  split: readonly Share[],
  id: SubmissionId,
  partner: (id: PartnerId) => PartnerState,
): PartnerId {
  const open = split.filter((one) => partner(one.to) === "open");
  const shares = open.length > 0 ? open : split;
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  // The digits that choose the partition are taken, others choose the share.
  let point = (Number.parseInt(id.slice(-8), 16) / 0x1_0000_0000) * total;
  for (const { to, weight } of shares) {
    if (point < weight) return to;
    point -= weight;
  }
  return (shares.at(-1) as Share).to;
}
