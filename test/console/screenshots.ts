// npm run screenshots: the pictures of the README, of a yard with demo data, into docs/screens/.
import { mkdirSync, statSync } from "node:fs";
import { behave, configurePartner, configureRules } from "../e2e/demo-partners.ts";
import { startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";
import { launchBrowser, openConsole, signInByToken } from "./browser.ts";
import { TOKEN } from "./suite.ts";

const FOLDER = "docs/screens";
const LEADS = 120;
const INTERESTS = ["Education", "Finance", "Travel", "Insurance"];
const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "Alan Turing",
  "Barbara Liskov",
  "Edsger Dijkstra",
  "Radia Perlman",
];

const condition = (field: string, value: unknown, operator = "=") => ({ field, operator, value });
const rule = (id: string, name: string, priority: number, rules: unknown[], route: object) => ({
  id,
  name,
  priority,
  enabled: true,
  when: { combinator: "and", rules },
  route,
});

const RULES = [
  rule("education", "Education", 10, [condition("interest", "Education")], { to: "edu" }),
  rule(
    "finance-us",
    "Finance in the US",
    20,
    [condition("interest", "Finance"), condition("country", "US")],
    {
      waterfall: ["fin", "fallback"],
    },
  ),
  rule(
    "travel",
    "Travel in Europe",
    30,
    [condition("interest", "Travel"), condition("country", ["DE", "FR", "NL"], "in")],
    {
      to: "tours",
    },
  ),
  rule("everything-else", "Everything else", 1000, [], { to: "fallback" }),
];

const yard = await startYard("together");
const { client, simulatorUrl } = yard;
const browser = await launchBrowser();
try {
  for (const [id, name] of [
    ["edu", "Open University"],
    ["fin", "First Finance"],
    ["tours", "Grand Tours"],
    ["fallback", "Call centre"],
  ] as const)
    await configurePartner(client, simulatorUrl, id, {
      name,
      retry: { max_attempts: 2, base_ms: 20, max_ms: 50 },
      ...(id === "edu" && { caps: { day: 100 } }),
    });
  await configureRules(client, RULES);
  await behave(simulatorUrl, "tours", { behaviour: "failing", rate: 0.4 });
  const ids: string[] = [];
  for (let n = 0; n < LEADS; n += 1) {
    const full_name = NAMES[n % NAMES.length];
    ids.push(
      await client.submitUntilAccepted({
        full_name,
        email: `${full_name?.toLowerCase().replace(" ", ".")}.${n}@example.com`,
        country: ["US", "DE", "FR"][n % 3],
        interest: INTERESTS[n % INTERESTS.length],
      }),
    );
  }
  for (const id of ids) await client.ended(id);
  const deadly = await until("a lead has two attempts", async () => {
    const { body } = await client.admin<{ items: { id: string }[] }>(
      "GET",
      "/api/leads?status=dead_lettered&limit=1",
    );
    return body.items[0]?.id;
  });

  mkdirSync(FOLDER, { recursive: true });
  const desk = { viewport: { width: 1280, height: 800 } };
  const shots = [
    ["overview", "/", "Overview", desk],
    ["rules", "/rules", "Rules", desk],
    ["lead", `/leads/${deadly}`, "Lead", desk],
    ["overview-dark-phone", "/", "Overview", { viewport: { width: 390, height: 780 }, colorScheme: "dark" }],
  ] as const;
  for (const [file, path, heading, options] of shots) {
    const console = await openConsole(browser, client.url, { ...options });
    await signInByToken(console, client.url, TOKEN, path);
    await console.heading(heading);
    await console.page.waitForLoadState("load");
    await console.page.getByText("Loading …").first().waitFor({ state: "detached" });
    const target = `${FOLDER}/${file}.png`;
    await console.page.screenshot({ path: target });
    process.stdout.write(`${target}  ${Math.round(statSync(target).size / 1024)} KB\n`);
    await console.page.context().close();
  }
} finally {
  await browser.close();
  await yard.stop();
}
