// Campaigns on the screen, with answers as the API words them: what is shown and asked is what counts here.
import type { Page, Route } from "playwright-core";
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, signedIn } = consoleSuite("campaigns at the console");

const MEMBERS = 1_200;
const counts = { pending: 0, working: 0, waiting: 0, done: 0, failed: 0, cancelled: 0 };
const isPositive = {
  combinator: "and",
  rules: [{ field: "sentiment", operator: "=", value: "positive" }],
};
const steps = [
  { id: "hello", type: "send", partner: "mail", template: "Hello {{full_name}}" },
  { id: "pause", type: "wait", for: "48h", on_reply: "read" },
  { id: "over", type: "end" },
  { id: "read", type: "analyze", service: "builtin" },
  { id: "decide", type: "branch", cases: [{ when: isPositive, next: "lead" }], otherwise: "over" },
  { id: "lead", type: "submit", kind: "lead", fields: { email: "{{email}}" } },
];
const member = {
  id: "3f0c7d5e-8a52-4c59-9f0e-0b4d6f1d2a11",
  email: "ada@example.com",
  status: "waiting",
  step: "pause",
  updated_at: "2026-01-01T10:00:00.000Z",
};

/** Holds one campaign, and notes what it was told to do. */
async function withCampaign(page: Page): Promise<string[]> {
  const asked: string[] = [];
  let status = "draft";
  const campaign = () => ({
    id: "spring",
    name: "Spring",
    version: 1,
    status,
    steps,
    concurrency: 20,
    counts: status === "draft" ? { ...counts, pending: MEMBERS } : { ...counts, working: 20, waiting: 1_180 },
    funnel: steps.map(({ id }) => ({
      id,
      entered: id === "hello" && status !== "draft" ? MEMBERS : 0,
      left: 0,
      failed: 0,
      waiting: 0,
      working: 0,
    })),
    next_due_at: null,
  });
  const answer = (route: Route, body: unknown) => route.fulfill({ json: body });
  await page.route(/\/api\/campaigns(\/|\?|$)/, async (route) => {
    const method = route.request().method();
    const path = new URL(route.request().url()).pathname.replace("/api/campaigns", "");
    if (method !== "GET") asked.push(`${method} ${path}`);
    const verbs: Readonly<Record<string, string>> = { start: "running", pause: "paused", resume: "running" };
    if (method === "POST" && path === "/spring/members")
      return answer(route, {
        added: 1,
        duplicates: 0,
        invalid: [{ line: 2, errors: [{ path: "email", message: "is no address" }] }],
      });
    if (method === "POST") status = verbs[path.split("/").at(-1) ?? ""] ?? status;
    if (path === "/spring/members") return answer(route, { items: [member] });
    if (path === `/spring/members/${member.id}`)
      return answer(route, {
        ...member,
        timeline: [{ position: "1", at: member.updated_at, type: "MemberAdded" }],
      });
    if (path === "") return answer(route, { items: [campaign()] });
    return answer(route, campaign());
  });
  return asked;
}

test("a campaign is started and paused, each after a question with the number of its members", async () => {
  const console = await signedIn("/");
  const { page } = console;
  const asked = await withCampaign(page);
  await console.open("Campaigns");
  await page.getByRole("link", { name: "Spring" }).click();
  await console.heading("Spring");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Start for 1,200 members?").waitFor();
  await dialog.getByRole("button", { name: "Cancel", exact: true }).click();
  assert.equal(asked, []);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("running", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await dialog.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "Resume", exact: true }).waitFor();
  assert.equal(asked, ["POST /spring/start", "POST /spring/pause"]);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

for (const colorScheme of ["light", "dark"] as const)
  test(`the flow says what each step does and where it leads, ${colorScheme}`, async () => {
    const console = await signedIn("/", { colorScheme });
    const { page } = console;
    await withCampaign(page);
    await console.open("Campaigns");
    await page.getByRole("link", { name: "Spring" }).waitFor();
    assert.equal(await findings(page), []);
    await page.getByRole("link", { name: "Spring" }).click();
    await console.heading("Spring");
    for (const text of [
      "Send through mail",
      "Wait 48h",
      "on a reply → read",
      "if sentiment is positive → lead",
    ])
      await page.getByText(text, { exact: false }).first().waitFor();
    await page.getByRole("button", { name: member.email }).waitFor();
    assert.equal(await findings(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    const overflow = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    const { SCREENSHOTS: folder } = process.env;
    if (folder) await page.screenshot({ path: `${folder}/campaign-390-${colorScheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 1440, height: 900 });
    if (folder) await page.screenshot({ path: `${folder}/campaign-1440-${colorScheme}.png`, fullPage: true });
    await page.getByRole("button", { name: member.email }).click();
    await page.getByText("Member added").waitFor();
    assert.equal(console.wrongs, []);
    await page.context().close();
  });

test("members are added as lines, and what is wrong with one is told by its number", async () => {
  const console = await signedIn("/");
  const { page } = console;
  const asked = await withCampaign(page);
  await console.open("Campaigns");
  await page.getByRole("link", { name: "Spring" }).click();
  await page.getByRole("button", { name: "Add members" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Members").fill('{"email": "ada@example.com"}\n{"email": "nobody"}');
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.getByText("Line 2: email is no address").waitFor();
  assert.equal(asked, ["POST /spring/members"]);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
