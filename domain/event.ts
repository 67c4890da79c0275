import { z } from "zod";

/** How one type of event is stored: its newest shape, and how every older one becomes it. */
export interface EventDefinition {
  readonly version: number;
  readonly schema: z.ZodType;
  readonly upcasts?: Readonly<Record<number, (data: unknown) => unknown>>;
}

/** The union of all events that a room declares, told apart by `type`. */
export type EventOf<Definitions extends Record<string, EventDefinition>> = {
  [Type in keyof Definitions & string]: {
    readonly type: Type;
    readonly data: Readonly<z.infer<Definitions[Type]["schema"]>>;
  };
}[keyof Definitions & string];

/** Personal data never stands plain in an event: it is this part, readable only while its key exists. */
export const Sealed = z.object({
  key: z.string(),
  iv: z.string(),
  tag: z.string(),
  data: z.string(),
});
export type Sealed = z.infer<typeof Sealed>;

export const Instant = z.iso.datetime();
