// What changes while somebody types, counts or fills in a form.
import * as assert from "uvu/assert";
import { consoleSuite } from "./suite.ts";

const { test, yard, signedIn } = consoleSuite("a person and a screen at once");

test("a name is searched for as it was typed, however slowly its words come", async () => {
  const console = await signedIn("/leads");
  const { page } = console;
  const search = page.getByLabel("Search");
  await search.pressSequentially("Ada ");
  await page.waitForURL(/q=Ada$/);
  await search.pressSequentially("Lovelace");
  await page.waitForURL(/q=Ada[+ %20]*Lovelace$/);
  assert.is(await search.inputValue(), "Ada Lovelace");
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("a source that is there is not replaced by one that is added", async () => {
  const kept = { name: "The shop", scheme: "body-sha256", default_country: "DE" };
  assert.is((await yard().client.admin("PUT", "/api/sources/shop", kept)).status, 200);
  const console = await signedIn("/sources");
  const { page } = console;
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByLabel("Id", { exact: true }).fill("shop");
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("dialog").getByText("There is a source shop already").waitFor({ timeout: 5_000 });
  const { body } = await yard().client.admin("GET", "/api/sources/shop");
  assert.equal({ name: body.name, scheme: body.scheme, default_country: body.default_country }, kept);
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test("what was counted for other filters is not offered to be redriven", async () => {
  const console = await signedIn("/leads?status=dead_lettered");
  const { page } = console;
  let answer = (): void => undefined;
  const isAsked = new Promise<void>((asked) => {
    void page.route(/\/api\/leads\?.*limit=200/, async (route) => {
      asked();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      await route.continue();
    });
  });
  await page.getByRole("button", { name: "Redrive" }).click();
  await isAsked;
  await page.getByLabel("Kind").selectOption("event");
  await page.waitForURL(/kind=event/);
  const answered = page.waitForResponse(/limit=200/);
  answer();
  await answered;
  await page.unrouteAll();
  await page.getByRole("button", { name: "Redrive", exact: true }).waitFor();
  assert.is(await page.getByRole("dialog").count(), 0);
  await page.getByRole("button", { name: "Redrive", exact: true }).click();
  await page.getByRole("dialog").getByText("Redrive 0 dead letters?").waitFor();
  assert.equal(console.wrongs, []);
  await page.context().close();
});

test.run();
