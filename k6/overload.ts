// More than the yard can take: 2,000 clients without a pause. Who is told to come again does so, under the same key.
import type { Options } from "k6/options";
import { lead } from "./kinds.ts";
import { duration, NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

export const options: Options = {
  ...SUMMARY,
  scenarios: {
    overload: { executor: "constant-vus", vus: 2_000, duration: duration("20s"), gracefulStop: "70s" },
  },
  thresholds: {
    ...NOTHING_FAILS,
    // Without it, this would show nothing.
    submissions_retried: ["count>0"],
    // Who can't be taken in is told so within 5 s.
    answer_ms: ["max<5000"],
  },
};

export default (): Promise<void> => submit(lead);
