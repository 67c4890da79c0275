// A campaign is made step by step in forms, refused where it is wrong, begun, and followed.
import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { findings } from "./axe.ts";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("editing campaigns at the console");

const field = (at: Page | Locator, label: string) => at.getByLabel(label, { exact: true });
const step = (page: Page, n: number): Locator => page.getByRole("group", { name: `Step ${n}`, exact: true });
const save = (page: Page) => page.getByRole("dialog").getByRole("button", { name: "Save", exact: true });
// biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
const stored = async (id: string): Promise<any> =>
  (await yard().client.admin("GET", `/api/campaigns/${id}`)).body;

test("a campaign is written in steps, each with its fields, and each leads to one of the others", async () => {
  await yard().client.admin("PUT", "/api/analysis-services/words", { type: "builtin" });
  const console = await signedIn("/campaigns");
  const { page } = console;
  await page.getByRole("button", { name: "Add campaign" }).click();
  const dialog = page.getByRole("dialog");
  await field(dialog, "Id").fill("spring");
  await field(dialog, "Name").fill("Spring");
  await field(step(page, 1), "Partner").selectOption("edu");
  await field(step(page, 1), "Template").selectOption({ label: "text" });
  await field(step(page, 1), "text").fill("Hello {{full_name}}");
  for (const type of ["wait", "end", "analyze", "branch", "submit"])
    await dialog.getByRole("button", { name: `Add ${type}`, exact: true }).click();
  await field(step(page, 2), "For").fill("2d");
  await field(step(page, 2), "On reply").selectOption("analyze");
  await field(step(page, 4), "Service").selectOption("words");
  const branch = step(page, 5);
  await branch.getByRole("button", { name: "Add case" }).click();
  await branch.getByRole("button", { name: "Add condition" }).click();
  await field(branch, "Field").fill("sentiment");
  await field(branch, "Value").fill("positive");
  await field(branch, "Next").selectOption("submit");
  await field(branch, "Otherwise").selectOption("end");
  await field(step(page, 6), "Kind").selectOption("lead");
  await step(page, 6).getByRole("button", { name: "Add field" }).click();
  await field(step(page, 6), "Field").fill("email");
  await field(step(page, 6), "Value").fill("{{email}}");
  await field(step(page, 3), "Step id").fill("over");
  await step(page, 5).getByText("otherwise →").waitFor();
  assert.is(await field(branch, "Otherwise").inputValue(), "over");
  assert.equal(await findings(page), []);
  await save(page).click();
  await console.heading("Spring");
  const { steps } = await stored("spring");
  const when = {
    combinator: "and",
    rules: [{ field: "sentiment", operator: "=", value: "positive" }],
  };
  assert.equal(steps, [
    { id: "hello", type: "send", partner: "edu", template: "Hello {{full_name}}" },
    { id: "wait", type: "wait", for: "2d", on_reply: "analyze" },
    { id: "over", type: "end" },
    { id: "analyze", type: "analyze", service: "words" },
    { id: "branch", type: "branch", cases: [{ when, next: "submit" }], otherwise: "over" },
    { id: "submit", type: "submit", kind: "lead", fields: { email: "{{email}}" } },
  ]);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("what the server refuses stands at the step that it is about, and steps are moved and removed", async () => {
  const written = {
    name: "Autumn",
    steps: [
      { id: "hello", type: "send", partner: "edu" },
      { id: "wait", type: "wait", for: "1h" },
      { id: "again", type: "send", partner: "edu" },
    ],
  };
  assert.is((await yard().client.admin("PUT", "/api/campaigns/autumn", written)).status, 200);
  const console = await signedIn("/campaigns/autumn");
  const { page } = console;
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await field(step(page, 2), "For").fill("2 days");
  await save(page).click();
  await step(page, 2).getByText("is no duration").waitFor();
  assert.is(await field(step(page, 2), "For").getAttribute("aria-invalid"), "true");
  await field(step(page, 2), "For").fill("");
  await save(page).click();
  await step(page, 2).getByText("needs either for or until").waitFor();
  await field(step(page, 2), "For").fill("2h");
  await dialog.getByRole("button", { name: "Move again up" }).click();
  assert.is(await field(step(page, 2), "Step id").inputValue(), "again");
  await dialog.getByRole("button", { name: "Remove hello" }).click();
  await dialog.getByText("change", { exact: false }).first().waitFor();
  await save(page).click();
  await dialog.waitFor({ state: "detached" });
  const { steps } = await stored("autumn");
  assert.equal(
    steps.map(({ id }: { id: string }) => id),
    ["again", "wait"],
  );
  assert.ok(console.wrongs.every((wrong) => wrong.includes("/api/campaigns/autumn")));
  await page.context().close();
});

test("members come from a file, told apart by line, and the campaign is begun, held and ended", async () => {
  const console = await signedIn("/campaigns/autumn");
  const { page } = console;
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Add members" }).click();
  const lines = ['{"email": "ada@example.com"}', '{"email": "nobody"}', "{", '{"email": "bo@example.com"}'];
  await dialog.locator("input[type=file]").setInputFiles({
    name: "members.ndjson",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(lines.join("\n")),
  });
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.getByText("2 added").waitFor();
  for (const line of ["Line 2:", "Line 3:"]) await dialog.getByText(line).waitFor();
  await dialog.getByRole("button", { name: "Close", exact: true }).click();
  for (const [verb, state] of [
    ["Start", "running"],
    ["Pause", "paused"],
    ["Resume", "running"],
    ["Cancel campaign", "cancelled"],
  ] as const) {
    await page.getByRole("button", { name: verb, exact: true }).first().click();
    await dialog.getByRole("button", { name: verb, exact: true }).click();
    await page.locator(".campaign-summary").getByText(state, { exact: true }).waitFor();
  }
  assert.equal(console.wrongs, []);
  await page.context().close();
});

for (const colorScheme of ["light", "dark"] as const)
  test(`the form keeps nobody out, on a phone neither, ${colorScheme}`, async () => {
    const console = await signedIn("/campaigns/spring", { colorScheme });
    const { page } = console;
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await step(page, 6).waitFor();
    assert.equal(await findings(page), []);
    await page.setViewportSize({ width: 390, height: 844 });
    const beyond = `[...document.querySelectorAll("[role=dialog] *")]
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length`;
    assert.is(Number(await page.evaluate(beyond)), 0);
    assert.equal(await findings(page), []);
    assert.equal(console.wrongs, []);
    await page.context().close();
  });

test.run();
