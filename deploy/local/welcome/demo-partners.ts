// What a newcomer finds in an empty yard: partners that the simulator plays, and the rules that choose among them.

export interface DemoPartner {
  readonly id: string;
  readonly name: string;
  readonly channel: "http" | "slack" | "email";
  /** What the simulator pays, where its answer can say so. */
  readonly price?: number;
}

export const DEMO_PARTNERS: readonly DemoPartner[] = [
  { id: "edu", name: "Education partner", channel: "http", price: 12.5 },
  { id: "fin", name: "Finance partner", channel: "http", price: 20 },
  { id: "fallback", name: "Fallback partner", channel: "http", price: 2 },
  { id: "sales", name: "Sales team (Slack, played by the simulator)", channel: "slack" },
  { id: "pricing", name: "Pricing team (e-mail, played by the simulator)", channel: "email" },
];

const where = (field: string, value: string) => ({ field, operator: "=", value });

const assistance = (topic: string, priority: number) => ({
  id: `assistance-${topic}`,
  name: `Requests for assistance about ${topic} go to ${topic}`,
  priority,
  enabled: true,
  when: { combinator: "and", rules: [where("kind", "assistance"), where("topic", topic)] },
  route: { to: topic },
});

export const DEMO_RULES = [
  assistance("sales", 1),
  assistance("pricing", 2),
  {
    id: "education",
    name: "Education goes to edu",
    priority: 10,
    enabled: true,
    when: { combinator: "and", rules: [where("interest", "Education")] },
    route: { to: "edu" },
  },
  {
    id: "us-finance",
    name: "Finance in the US goes to fin",
    priority: 20,
    enabled: true,
    when: { combinator: "and", rules: [where("country", "US"), where("interest", "Finance")] },
    route: { to: "fin" },
  },
  {
    id: "everything-else",
    name: "Everything else goes to fallback",
    priority: 1000,
    enabled: true,
    when: { combinator: "and", rules: [] },
    route: { to: "fallback" },
  },
];

/** Where the simulator plays partners. */
export interface SimulatorUrls {
  readonly http: string;
  readonly smtp: string;
}

/** Only what has to be said of it; the secret is for partners that check signatures. */
export function demoDelivery(
  { id, channel }: DemoPartner,
  { http, smtp }: SimulatorUrls,
  secret: string,
): Readonly<Record<string, string>> {
  switch (channel) {
    case "http":
      return { type: "http", url: simulatedUrl(http, id), secret };
    case "slack":
      return { type: "slack", webhook_url: `${http}/slack/${id}` };
    case "email":
      return {
        type: "email",
        to: `${id}@partners.example`,
        from: "leads@switchyard.example",
        smtp_url: smtp,
      };
  }
}

export const simulatedUrl = (simulatorUrl: string, partner: string): string =>
  `${simulatorUrl}/partners/${partner}`;
