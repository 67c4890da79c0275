/** libfaketime as a library to be preloaded: FAKETIME_LIB names it, else it is looked for where Debian and the installer have it. */
export function findFaketime(env: Readonly<Record<string, string | undefined>>): string | undefined;
