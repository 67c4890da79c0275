// A rule as people and their editors send it. Read from the log it is a Rule, which holds nothing that it does not mean.
import { z } from "zod";
import { type Group, Predicate, Rule } from "./rule.ts";

const notThere = (what: string): string =>
  `would still be evaluated: ${what}; remove it, or set "enabled": false for the rule`;

/**
 * What react-querybuilder adds for itself. It says nothing about what is matched, so it is taken and not kept; where it would change the
 * meaning it is refused. All other fields are unknown, as they could be a misspelt one of ours.
 */
const editorsOwn = {
  id: z.string().optional(),
  path: z.array(z.int()).optional(),
  disabled: z.literal(false, notThere("what is disabled in the editor")).optional(),
  muted: z.literal(false, notThere("what is muted in the editor")).optional(),
};
const VALUES_ONLY = "can only be value: a field is compared with a value, never with another field";

export const WrittenPredicate: z.ZodType<Predicate> = z
  .strictObject({
    ...Predicate.shape,
    ...editorsOwn,
    valueSource: z.literal("value", VALUES_ONLY).optional(),
  })
  .pipe(Predicate);

export const WrittenGroup: z.ZodType<Group> = z
  .strictObject({
    combinator: z.enum(["and", "or"]),
    not: z.boolean().optional(),
    get rules(): z.ZodArray<z.ZodUnion<[typeof WrittenPredicate, z.ZodType<Group>]>> {
      return z.array(z.union([WrittenPredicate, WrittenGroup]));
    },
    ...editorsOwn,
  })
  .transform(({ combinator, not, rules }) => ({ combinator, ...(not !== undefined && { not }), rules }));

export const WrittenRule = z.strictObject({ ...Rule.shape, when: WrittenGroup });
