// How much one submission may be, over every way in.

export const MAX_BODY_BYTES = 256 * 1024;
export const BODY_DEADLINE_MS = 10_000;
