// The code of rules, where an event has room for it. Beyond that, whoever needs it compiles for itself.

/** Of the mebibyte that the store takes at once, as JSON in UTF-8: quotes and letters beyond ASCII take more than a byte each. */
const MAX_SOURCE_BYTES = 900_000;

export const sourceInEvent = (source: string): { readonly source?: string } =>
  Buffer.byteLength(JSON.stringify(source)) <= MAX_SOURCE_BYTES ? { source } : {};
