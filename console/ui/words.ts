const OUR_NAME = /^[a-z][a-z0-9_]*$/;

/** A status, reason or field as people read it; what a partner or a person has written stays as it is. */
export const worded = (name: string): string => (OUR_NAME.test(name) ? name.replaceAll("_", " ") : name);
