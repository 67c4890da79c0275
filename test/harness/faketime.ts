// libfaketime for tests: FAKETIME_LIB names it, else it is Debian's, installed or as deploy/local/install unpacks it, for whichever
// architecture.
import { globSync } from "node:fs";

const UNPACKED = new URL("../../node_modules/.faketime", import.meta.url).pathname;

export const findFaketime = (): string | undefined =>
  process.env.FAKETIME_LIB ??
  ["", UNPACKED].flatMap((root) => globSync(`${root}/usr/lib/*-linux-gnu/faketime/libfaketime.so.1`))[0];
