// Compiled code is kept between starts, which halves the processor time until the yard is ready.
import { join } from "node:path";

/** Beside the dependencies, and gone with them. */
export const COMPILE_CACHE = join(import.meta.dirname, "../../node_modules/.cache/node");
