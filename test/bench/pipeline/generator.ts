// The load generator as a child process.
import { burst } from "./burst-load.ts";
import { serve } from "./child.ts";
import { load } from "./load.ts";

const api = { load, burst };
export type GeneratorApi = typeof api;

serve(api);
