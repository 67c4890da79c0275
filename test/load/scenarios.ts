// The scenarios of k6/, in the order in which all of them run, and how the simulated partners behave meanwhile.

export interface Scenario {
  readonly title: string;
  readonly shows: string;
  /** Of simulated partners, by name; the others are healthy. */
  readonly partners: Readonly<Record<string, object>>;
  /** Whether deliveries must have been seen to succeed after a retry. */
  readonly retries: boolean;
  /** What the yard is started with besides. */
  readonly env: Readonly<Record<string, string>>;
}

/** So that deliveries are seen to be retried, and to succeed. */
const FAILS_ONE_IN_FIVE = { fin: { behaviour: "failing", rate: 0.2 } };

export const SCENARIOS = {
  smoke: {
    title: "Smoke",
    shows: "20 clients send 15 submissions of every kind each; partner `fin` fails one request in five.",
    partners: FAILS_ONE_IN_FIVE,
    retries: true,
    env: {},
  },
  burst: {
    title: "Burst",
    shows:
      "100 requests at the same moment right after the start, then 100 clients with 20 requests each, then 2,000 requests at the same moment over as many connections; partner `fin` fails one request in five.",
    partners: FAILS_ONE_IN_FIVE,
    retries: true,
    env: {},
  },
  mixed: {
    title: "Mixed kinds",
    shows:
      "50 submissions a second for a minute, of ten eight leads, one request for assistance and one event, to partners over HTTP, on Slack and by e-mail; partner `fin` fails one request in five.",
    partners: FAILS_ONE_IN_FIVE,
    retries: true,
    env: {},
  },
  outage: {
    title: "Outage of a partner",
    shows:
      "20 leads a second for 40 s. Partner `fin`, which gets a third of them, fails from second 10 to 25.",
    partners: {},
    retries: true,
    env: {},
  },
  overload: {
    title: "Overload",
    shows:
      "2,000 clients without a pause at a yard where nobody waits for room longer than a quarter of a second (`INTAKE_MAX_WAIT_MS=250`). Who is told to come again does so under the same key.",
    partners: {},
    retries: false,
    env: { INTAKE_MAX_WAIT_MS: "250" },
  },
  soak: {
    title: "Soak",
    shows:
      "100 submissions of every kind a second for five minutes; partner `fin` fails one request in five.",
    partners: FAILS_ONE_IN_FIVE,
    retries: true,
    env: {},
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];
