// What a newcomer finds in an empty yard: three partners that the simulator plays, and the rules that choose among them.

interface DemoPartner {
  readonly id: string;
  readonly name: string;
  readonly price: number;
}

export const DEMO_PARTNERS: readonly DemoPartner[] = [
  { id: "edu", name: "Education partner", price: 12.5 },
  { id: "fin", name: "Finance partner", price: 20 },
  { id: "fallback", name: "Fallback partner", price: 2 },
];

const where = (field: string, value: string) => ({ field, operator: "=", value });

export const DEMO_RULES = [
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

export const simulatedUrl = (simulatorUrl: string, partner: string): string =>
  `${simulatorUrl}/partners/${partner}`;
