import { z } from "zod";
import { type EventOf, Instant, Sealed } from "../event.ts";
import { AliasId, PersonId, SubmissionId } from "../ids.ts";

// Stream: identity. One writer for the whole tenant; batches of submissions are one append.

export const IDENTITY_STREAM = "identity";

/** Keyed hashes of the normalised values: two equal hashes are two equal values, and nothing more can be learnt. */
export const Traits = z.object({
  email: z.string().optional(),
  phone: z.string().optional(),
  name: z.string().optional(),
});
export type Traits = z.infer<typeof Traits>;

const record = z.object({
  person_id: PersonId,
  /** Which submission brought it: makes the decision repeatable and explainable. */
  submission_id: SubmissionId,
  traits: Traits,
  /** {email?, phone?, full_name?} under the person's key. */
  sealed: Sealed,
});

export const identityEvents = {
  PersonRegistered: { version: 1, schema: record },
  AliasRecorded: {
    version: 1,
    schema: record.extend({ alias_id: AliasId, differs: z.array(z.enum(["email", "phone", "name"])) }),
  },
  /** A lead that says nothing new about its person. It is recorded because leads are counted. */
  PersonSeenAgain: {
    version: 1,
    schema: z.object({ person_id: PersonId, submission_id: SubmissionId }),
  },
  PersonsMerged: {
    version: 1,
    schema: z.object({ into: PersonId, from: PersonId, submission_id: SubmissionId }),
  },
  /** An operator knows better than the records: these two are not one, and no later record makes them one again. */
  PersonsSplit: { version: 1, schema: z.object({ into: PersonId, from: PersonId }) },
  /** Their keys are destroyed: nothing that was sealed for them can be read again. */
  PersonForgotten: {
    version: 1,
    schema: z.object({
      person_id: PersonId,
      /** The person and all who were merged into them. */
      persons: z.array(PersonId).min(1),
      /** From then on nothing at all can decrypt what they sent: the last intake key that saw it is gone. */
      raw_readable_until: Instant,
    }),
  },
} as const;

export type IdentityEvent = EventOf<typeof identityEvents>;

type Unsealed<Event> = Event extends { readonly type: infer Type; readonly data: infer Data }
  ? { readonly type: Type; readonly data: Omit<Data, "sealed"> }
  : never;

/** As it is decided: its personal part is not sealed yet; under whose key it will be is part of the decision. */
export type UnsealedIdentityEvent = Unsealed<IdentityEvent>;
