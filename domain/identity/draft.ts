import type { IdentityEvent } from "./events.ts";

type Unsealed<Event> = Event extends { readonly type: infer Type; readonly data: infer Data }
  ? { readonly type: Type; readonly data: Omit<Data, "sealed"> }
  : never;

/** An event of the identity stream before its personal part is sealed: under whose key is part of the decision. */
export type Draft = Unsealed<IdentityEvent>;
