// Leads, requests for assistance and events beside each other, to partners over HTTP, on Slack and by e-mail.
import type { Options } from "k6/options";
import { anyKind } from "./kinds.ts";
import { duration, NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

export const options: Options = {
  ...SUMMARY,
  scenarios: {
    mixed: {
      executor: "constant-arrival-rate",
      rate: 50,
      duration: duration("60s"),
      preAllocatedVUs: 50,
      maxVUs: 500,
      gracefulStop: "70s",
    },
  },
  thresholds: { ...NOTHING_FAILS, answer_ms: ["p(99)<150"], dropped_iterations: ["count==0"] },
};

export default (): Promise<void> => submit(anyKind);
