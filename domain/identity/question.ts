import { z } from "zod";
import { Sealed } from "../event.ts";
import { AliasId, PersonId, SubmissionId } from "../ids.ts";
import { Traits } from "./events.ts";

// What the lead's actor asks the identity writer over the bus, many at once: "who are these?"

export const IDENTIFY_SUBJECT = "identity.identify";

/** Where the details of a question are sealed; they open nowhere else. */
export const detailsContext = (id: SubmissionId): string => `identify-${id}`;
export const personContext = (id: PersonId): string => `person-${id}`;
/** The key under which everything about a person is sealed. */
export const personKey = (id: PersonId): string => `person-${id}`;

/** The record's values as people read them: never plain on the bus, kept under the person's key. */
export const Details = z.object({
  email: z.string().optional(),
  phone: z.string().optional(),
  full_name: z.string().optional(),
});
export type Details = z.infer<typeof Details>;

const Question = z.object({ submission_id: SubmissionId, traits: Traits, details: Sealed });
export type Question = z.infer<typeof Question>;
export const Questions = z.array(Question);

const Answer = z.union([
  z.object({
    person_id: PersonId,
    alias_id: AliasId.optional(),
    match: z.enum(["new", "same", "alias", "merged"]),
  }),
  /** This one can't be identified, however often it is asked. */
  z.object({ refused: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;
export const Answers = z.array(Answer);
