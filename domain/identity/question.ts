import { z } from "zod";
import { Instant, Sealed } from "../event.ts";
import { AliasId, PersonId, SubmissionId } from "../ids.ts";
import { Traits } from "./events.ts";

// What lead actors and operators ask the identity writer over the bus, and how it answers.

/** The values as people read them: never plain on the bus, kept under the person's key. */
export const Details = z.object({
  email: z.string().optional(),
  phone: z.string().optional(),
  full_name: z.string().optional(),
});
export type Details = z.infer<typeof Details>;

export type DetailsById = Readonly<Record<SubmissionId, Details>>;

/** "Who are these?" */
export const Questions = z.object({
  about: z.array(z.object({ submission_id: SubmissionId, traits: Traits })),
  /** DetailsById of all whose payloads came under the same key, sealed under that key. */
  details: z.array(Sealed),
});
export type Questions = z.infer<typeof Questions>;

const Identified = z.object({
  person_id: PersonId,
  /** The record of that person which has exactly these traits, where it is not the first. */
  alias_id: AliasId.optional(),
  match: z.enum(["new", "same", "alias", "merged"]),
  /** How many leads of the person there were with this one; absent where an earlier release answers. */
  lead_count: z.int().positive().optional(),
});
export type Identified = z.infer<typeof Identified>;

const Answer = z.union([
  Identified,
  /** This one can't be identified, however often it is asked. */
  z.object({ refused: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;
export const Answers = z.array(Answer);

/** What an operator asks of the writer. */
export const PersonNamed = z.object({
  person_id: PersonId,
  /** Who asks for it. */
  by: z.string().optional(),
});

const IdentityRefusal = z.enum(["unknown_person", "forgotten", "nothing_to_split"]);
export type IdentityRefusal = z.infer<typeof IdentityRefusal>;

const refused = z.object({ refused: IdentityRefusal });
/** Where in the log it stands: a read that waits for this position sees it done. */
const position = z.string();

export const SplitAnswer = z.union([z.object({ into: PersonId, from: PersonId, position }), refused]);
export type SplitAnswer = z.infer<typeof SplitAnswer>;

export const ForgetAnswer = z.union([
  z.object({ persons: z.array(PersonId), raw_readable_until: Instant, position }),
  refused,
]);
export type ForgetAnswer = z.infer<typeof ForgetAnswer>;
