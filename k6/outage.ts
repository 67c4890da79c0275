// A partner fails for 15 s while leads for it come in: they are acknowledged as ever, wait, and arrive once it is back.
import http from "k6/http";
import type { Options } from "k6/options";
import { lead } from "./kinds.ts";
import { NOTHING_FAILS, SUMMARY, submit, unexpected } from "./submissions.ts";

export { handleSummary } from "./submissions.ts";

export const options: Options = {
  ...SUMMARY,
  scenarios: {
    leads: {
      executor: "constant-arrival-rate",
      rate: 20,
      duration: "40s",
      preAllocatedVUs: 50,
      maxVUs: 500,
      gracefulStop: "70s",
    },
    fail: { executor: "per-vu-iterations", vus: 1, iterations: 1, startTime: "10s", exec: "fail" },
    recover: { executor: "per-vu-iterations", vus: 1, iterations: 1, startTime: "25s", exec: "recover" },
  },
  thresholds: { ...NOTHING_FAILS, answer_ms: ["p(99)<150"], dropped_iterations: ["count==0"] },
};

export default (): Promise<void> => submit(lead);

export const fail = (): Promise<void> => behave({ behaviour: "failing", rate: 1 });
export const recover = (): Promise<void> => behave({ behaviour: "healthy" });

/** Of the simulated partner that a third of the leads go to. */
async function behave(settings: Readonly<Record<string, unknown>>): Promise<void> {
  const body = JSON.stringify({ ...settings, secret: __ENV.PARTNER_SECRET });
  const headers = { "content-type": "application/json" };
  const { status } = await http.asyncRequest("PUT", `${__ENV.SIMULATOR_URL}/partners/fin`, body, {
    headers,
    responseCallback: http.expectedStatuses(200),
  });
  unexpected.add(status === 200 ? 0 : 1);
}
