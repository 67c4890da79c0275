// A steady stream of all kinds for a long time: answers must not become slower.
import type { Options } from "k6/options";
import { anyKind } from "./kinds.ts";
import { duration, NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

export const options: Options = {
  ...SUMMARY,
  scenarios: {
    soak: {
      executor: "constant-arrival-rate",
      rate: 100,
      duration: duration("5m"),
      preAllocatedVUs: 100,
      maxVUs: 500,
      gracefulStop: "70s",
    },
  },
  thresholds: { ...NOTHING_FAILS, answer_ms: ["p(99)<150"], dropped_iterations: ["count==0"] },
};

export default (): Promise<void> => submit(anyKind);
