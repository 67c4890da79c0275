// What every scenario sends: signed submissions, each under a key of its own, and repeated under that key until it is acknowledged.
import crypto from "k6/crypto";
import encoding from "k6/encoding";
import execution from "k6/execution";
import http, { type RefinedResponse } from "k6/http";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { setTimeout } from "k6/timers";

export interface Submission {
  readonly path: "/api/submit" | "/api/assistance" | "/api/events";
  readonly body: Readonly<Record<string, unknown>>;
}

type Thresholds = NonNullable<Options["thresholds"]>;

const YARD_URL = variable("YARD_URL");
const SOURCE = variable("SOURCE");
/** Keeps the keys and the people of one run apart from those of another. */
const RUN = variable("RUN");
const SECRET = encoding.b64decode(variable("SOURCE_SECRET").replace(/^whsec_/, ""), "std");
/** One in so many is sent once more after it was acknowledged, as by a client that lost the answer. */
const REPEATED_EVERY = 10;
const GIVE_UP_MS = 60_000;
const MIN_PAUSE_MS = 100;

const sent = new Counter("submissions_sent");
const acknowledged = new Counter("submissions_acknowledged");
/** Refused, or not acknowledged within GIVE_UP_MS. */
const failed = new Counter("submissions_failed");
/** Requests that were answered "come again", and came again. */
const retried = new Counter("submissions_retried");
/** Acknowledged submissions that came again and were recognised. */
const recognised = new Counter("repeats_recognised");
/** What the contract does not allow: no answer, another status, a 503 without Retry-After, a repeat under another id. */
export const unexpected = new Counter("answers_unexpected");
/** Of each request, with the time to connect. */
const answerMs = new Trend("answer_ms", true);
/** From the first request of a submission to its 202. */
const acknowledgeMs = new Trend("acknowledge_ms", true);

http.setResponseCallback(http.expectedStatuses(202, 409, 429, 503));

/** Hold in every scenario. */
export const NOTHING_FAILS: Thresholds = {
  submissions_failed: ["count==0"],
  answers_unexpected: ["count==0"],
};

export const SUMMARY: Pick<Options, "summaryTrendStats"> = {
  summaryTrendStats: ["min", "med", "p(95)", "p(99)", "max"],
};

/** DURATION, where it is set, replaces how long a scenario goes on. */
export const duration = (usual: string): string => __ENV.DURATION || usual;

/** Sends the next submission of this scenario. */
export async function submit(make: (serial: number, run: string) => Submission): Promise<void> {
  const { name, iterationInTest } = execution.scenario;
  const { path, body } = make(iterationInTest, RUN);
  const key = `${RUN}-${name}-${iterationInTest}`;
  const text = JSON.stringify(body);
  const begun = Date.now();
  sent.add(1);
  const id = await acknowledge(path, key, text, begun + GIVE_UP_MS);
  failed.add(id === undefined ? 1 : 0);
  if (id === undefined) return;
  acknowledgeMs.add(Date.now() - begun);
  acknowledged.add(1);
  console.log(`acknowledged ${key} ${id}`);
  if (iterationInTest % REPEATED_EVERY === 0) await repeat(path, key, text, id);
}

async function acknowledge(
  path: string,
  key: string,
  text: string,
  deadline: number,
): Promise<string | undefined> {
  for (;;) {
    const answer = await post(path, key, text);
    const pause = pauseAfter(answer);
    unexpected.add(answer.status === 202 || pause !== undefined ? 0 : 1);
    if (answer.status === 202) return idIn(answer);
    // No answer at all says nothing about the submission, so it is repeated too.
    if (pause === undefined && answer.status !== 0) return undefined;
    if (Date.now() > deadline) return undefined;
    retried.add(1);
    await wait(pause ?? MIN_PAUSE_MS);
  }
}

async function repeat(path: string, key: string, text: string, id: string): Promise<void> {
  const answer = await post(path, key, text);
  const isRecognised = answer.status === 202 && idIn(answer) === id && answer.json("duplicate") === true;
  recognised.add(isRecognised ? 1 : 0);
  // A repeat may be told to come again, like any other request.
  unexpected.add(isRecognised || pauseAfter(answer) !== undefined ? 0 : 1);
}

async function post(path: string, key: string, text: string): Promise<RefinedResponse<"text">> {
  const timestamp = Math.floor(Date.now() / 1_000);
  const signature = crypto.hmac("sha256", SECRET, `${key}.${timestamp}.${text}`, "base64");
  const begun = Date.now();
  const answer = await http.asyncRequest("POST", `${YARD_URL}${path}`, text, {
    headers: {
      "content-type": "application/json",
      "x-source": SOURCE,
      "webhook-id": key,
      "webhook-timestamp": `${timestamp}`,
      "webhook-signature": `v1,${signature}`,
    },
    responseType: "text",
    timeout: "30s",
  });
  answerMs.add(Date.now() - begun);
  return answer;
}

const idIn = (answer: RefinedResponse<"text">): string => `${answer.json("id")}`;

/** In milliseconds; undefined where the answer does not ask to come again. */
function pauseAfter({ status, headers }: RefinedResponse<"text">): number | undefined {
  const seconds = Number(headers["Retry-After"]);
  if (status === 503 || status === 429)
    return seconds > 0 ? seconds * 1_000 * (1 + Math.random() / 2) : undefined;
  return status === 409 ? MIN_PAUSE_MS : undefined;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function variable(name: string): string {
  const value = __ENV[name];
  if (!value) throw new Error(`${name} is not set: npm run load sets it, as docs/proof-of-load.md says`);
  return value;
}

/** The whole summary goes to SUMMARY_FILE, where it is set; the terminal gets whether each threshold held. */
export function handleSummary(data: {
  readonly metrics: Readonly<
    Record<string, { readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>> }>
  >;
}): Record<string, string> {
  const lines = Object.entries(data.metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([limit, { ok }]) => `${ok ? "met   " : "MISSED"} ${name}: ${limit}`),
  );
  const file = __ENV.SUMMARY_FILE;
  return { stdout: `${lines.join("\n")}\n`, ...(file ? { [file]: JSON.stringify(data) } : {}) };
}
