// How much one submission may be, by whichever way it comes.

export const MOST_BODY_BYTES = 256 * 1024;
export const BODY_DEADLINE_MS = 10_000;
