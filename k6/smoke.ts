// Whether everything works together at all: every kind of submission, from 20 clients at once.
import type { Options } from "k6/options";
import { anyKind } from "./kinds.ts";
import { NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

export const options: Options = {
  ...SUMMARY,
  scenarios: { smoke: { executor: "per-vu-iterations", vus: 20, iterations: 15, maxDuration: "50s" } },
  // Wherever it runs, and whatever else runs there: no answer may take longer than that.
  thresholds: { ...NOTHING_FAILS, answer_ms: ["max<5000"] },
};

export default (): Promise<void> => submit(anyKind);
