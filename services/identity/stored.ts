import { identityEvents } from "#domain/identity/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";

export const codec = createCodec(identityEvents);
