// Bursts: 100 requests at the same moment right after the start, 100 clients that go on, and 2,000 requests at the same moment. With SHORT
// set, the hundred alone and no limit on times, which a busy machine can't keep.
import type { Options } from "k6/options";
import { lead } from "./kinds.ts";
import { NOTHING_FAILS, SUMMARY, submit } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

const MAX_DURATION = "70s";
const hundred = {
  executor: "per-vu-iterations",
  vus: 100,
  iterations: 1,
  maxDuration: MAX_DURATION,
} as const;

const whole: Options = {
  ...SUMMARY,
  scenarios: {
    hundred,
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

const short: Options = { ...SUMMARY, scenarios: { hundred }, thresholds: NOTHING_FAILS };

export const options = __ENV.SHORT ? short : whole;

export default (): Promise<void> => submit(lead);
