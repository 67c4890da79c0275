// Bursts: 100 requests at the same moment right after the start, 100 clients that go on, and 2,000 requests at the same moment.
import type { Options } from "k6/options";
import { lead } from "./kinds.ts";
import { NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

const MAX_DURATION = "70s";

export const options: Options = {
  ...SUMMARY,
  scenarios: {
    hundred: { executor: "per-vu-iterations", vus: 100, iterations: 1, maxDuration: MAX_DURATION },
    connections: {
      executor: "per-vu-iterations",
      vus: 100,
      iterations: 20,
      startTime: "5s",
      maxDuration: MAX_DURATION,
    },
    two_thousand: {
      executor: "per-vu-iterations",
      vus: 2_000,
      iterations: 1,
      startTime: "25s",
      maxDuration: MAX_DURATION,
    },
  },
  thresholds: {
    ...NOTHING_FAILS,
    // All are taken in at once, none is told to come again.
    submissions_retried: ["count==0"],
    "answer_ms{scenario:hundred}": ["p(99)<150"],
    "answer_ms{scenario:connections}": ["p(99)<150"],
    "answer_ms{scenario:two_thousand}": ["max<2000"],
  },
};

export default (): Promise<void> => submit(lead);
