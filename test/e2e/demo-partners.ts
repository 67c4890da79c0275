// The three partners and rules that a newcomer finds: education and finance go where they belong, the rest elsewhere.
import type { YardClient } from "./client.ts";

export async function configurePartner(
  client: YardClient,
  simulatorUrl: string,
  id: string,
  settings: Record<string, unknown> = {},
): Promise<void> {
  const { status, body } = await client.admin("PUT", `/api/partners/${id}`, {
    name: id,
    enabled: true,
    delivery: { type: "http", url: `${simulatorUrl}/partners/${id}`, timeout_ms: 2_000 },
    retry: { max_attempts: 5, base_ms: 50, max_ms: 500 },
    circuit: { failure_threshold: 50, open_ms: 500 },
    ...settings,
  });
  if (status >= 300) throw new Error(`partner ${id} was refused with ${status}: ${JSON.stringify(body)}`);
}

export async function configureRules(client: YardClient, rules: unknown[]): Promise<void> {
  const { status, body } = await client.admin("PUT", "/api/rules", { rules });
  if (status >= 300) throw new Error(`the rules were refused with ${status}: ${JSON.stringify(body)}`);
}

export const rule = (
  id: string,
  priority: number,
  conditions: Record<string, string>,
  route: unknown,
): unknown => ({
  id,
  name: id,
  priority,
  enabled: true,
  when: {
    combinator: "and",
    rules: Object.entries(conditions).map(([field, value]) => ({ field, operator: "=", value })),
  },
  route,
});

export const demoRules = [
  rule("education", 10, { interest: "Education" }, { to: "edu" }),
  rule("finance", 20, { country: "US", interest: "Finance" }, { to: "fin" }),
  rule("otherwise", 1_000, {}, { to: "fallback" }),
];

export async function configureDemo(client: YardClient, simulatorUrl: string): Promise<void> {
  for (const id of ["edu", "fin", "fallback"]) await configurePartner(client, simulatorUrl, id);
  await configureRules(client, demoRules);
}

/** Sets how a simulated partner behaves. */
export async function behave(simulatorUrl: string, partner: string, settings: object): Promise<void> {
  const response = await fetch(`${simulatorUrl}/partners/${partner}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(settings),
  });
  if (!response.ok) throw new Error(`the simulator refused: ${await response.text()}`);
}

export interface Effects {
  readonly ids: number;
  readonly effects: number;
  readonly max: number;
  readonly max_requests: number;
}

export async function effectsAt(simulatorUrl: string, partner: string): Promise<Effects> {
  const response = await fetch(`${simulatorUrl}/partners/${partner}`);
  return (await response.json()) as Effects;
}
