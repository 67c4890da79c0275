// A hundred people who want different things in different countries, some of them help; the same in every run, but for their addresses.
const FIRST = [
  "Ada",
  "Grace",
  "Alan",
  "Katherine",
  "Edsger",
  "Barbara",
  "Dennis",
  "Radia",
  "Tim",
  "Margaret",
];
const LAST = [
  "Byron",
  "Hopper",
  "Turing",
  "Johnson",
  "Dijkstra",
  "Liskov",
  "Ritchie",
  "Perlman",
  "Lee",
  "Hamilton",
];
const INTERESTS = ["Education", "Finance", "Travel", "education ", "Finance", "Insurance"];
const TOPICS = ["sales", "pricing"];
/** One in so many asks for assistance. */
const ASSISTANCE_EVERY = 5;
const COUNTRIES = ["US", "GB", "US", "DE", "NL"];

export interface DemoLead {
  /** Its webhook-id, and so its idempotency key. */
  readonly key: string;
  readonly path: "/api/submit" | "/api/assistance";
  readonly body: string;
}

/** `run` keeps the people of one run apart from those of another. */
export function demoLeads(run: string, count: number): readonly DemoLead[] {
  return Array.from({ length: count }, (_, at) => {
    const first = pick(FIRST, at);
    const last = pick(LAST, Math.floor(at / FIRST.length));
    const person = {
      full_name: `${first} ${last}`,
      email: `${first}.${last}.${at}.${run}@example.com`.toLowerCase(),
      country: pick(COUNTRIES, at),
    };
    const key = `demo-${run}-${at}`;
    if (at % ASSISTANCE_EVERY === 0) {
      const topic = pick(TOPICS, at / ASSISTANCE_EVERY);
      const body = { ...person, topic, description: `A question about ${topic}` };
      return { key, path: "/api/assistance", body: JSON.stringify(body) };
    }
    const body = {
      ...person,
      interest: pick(INTERESTS, at),
      landing_page_url: "https://example.com/demo",
    };
    return { key, path: "/api/submit", body: JSON.stringify(body) };
  });
}

function pick(from: readonly string[], at: number): string {
  return from[at % from.length] ?? "";
}
