/** Milliseconds since 1970 with fractions; unlike performance.now() comparable between processes. */
export const now = (): number => performance.timeOrigin + performance.now();
