/** Milliseconds since 1970, with fractions, so that moments in different processes can be compared. */
export const now = (): number => performance.timeOrigin + performance.now();
