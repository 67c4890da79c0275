// What somebody does who has read nothing: signs in, adds a rule, sees the conflict that it makes, mends it, back-tests, publishes, and
// watches a lead take the new way. Told once, and done by mouse or by keyboard.
import type { Page } from "playwright-core";
import { focused, tabTo, untilFocus } from "./keyboard.ts";

/** How a person gets to what they see, by what it is called. */
export interface Hands {
  /** A button or a link. */
  press(name: string): Promise<void>;
  fill(label: string, text: string): Promise<void>;
  choose(label: string, option: string): Promise<void>;
}

export function mouse(page: Page): Hands {
  /** Where a dialog is open, the page behind it can't be reached. */
  const reachable = async () =>
    (await page.getByRole("dialog").count()) > 0 ? page.getByRole("dialog") : page;
  return {
    async press(name) {
      const where = await reachable();
      const exact = { name, exact: true };
      await where.getByRole("button", exact).or(where.getByRole("link", exact)).first().click();
    },
    fill: (label, text) => page.getByLabel(label, { exact: true }).fill(text),
    choose: async (label, option) =>
      void (await page.getByLabel(label, { exact: true }).selectOption({ label: option })),
  };
}

export function keyboard(page: Page): Hands {
  const reach = async (name: string): Promise<void> => {
    if ((await focused(page)) !== name) await tabTo(page, name);
  };
  return {
    async press(name) {
      await reach(name);
      await page.keyboard.press("Enter");
    },
    async fill(label, text) {
      await reach(label);
      await page.keyboard.press("Control+A");
      await page.keyboard.type(text);
    },
    async choose(label, option) {
      await reach(label);
      // What is typed is looked for at the beginning; a space would open the list.
      await page.keyboard.type(option.split(" ", 1)[0] ?? "");
    },
  };
}

export interface Walk {
  readonly page: Page;
  readonly hands: Hands;
  /** The rule that is added meets one of the demo's, and leads elsewhere. */
  readonly rule: { readonly name: string; readonly meets: string; readonly priority: string };
  /** After the conflict: what it asks for instead, and where that leads. */
  readonly interest: string;
  readonly partner: { readonly id: string; readonly name: string };
  /** After each step, with what it was. */
  onStep?(name: string): Promise<void>;
}

/** From the overview on. */
export async function walk({ page, hands, rule, interest, partner, onStep }: Walk): Promise<void> {
  const step = async (name: string): Promise<void> => void (await onStep?.(name));
  const heading = (name: string) => page.getByRole("heading", { name, exact: true }).waitFor();
  const gone = () => page.getByRole("dialog").waitFor({ state: "detached" });

  await hands.press("Rules");
  await page.getByRole("heading", { level: 1, name: "Rules" }).waitFor();
  await page.getByRole("button", { name: "Add rule" }).waitFor();
  await step("rules");
  await hands.press("Add rule");
  await untilFocus(page, "Name");
  await hands.fill("Name", rule.name);
  await hands.fill("Priority", rule.priority);
  await hands.fill("Field", "interest");
  await hands.fill("Value", rule.meets);
  await hands.choose("Route to", `${partner.id} – ${partner.name}`);
  await step("editor");
  await hands.press("Save");
  await gone();
  await page.getByText("have the same priority, match the same submission").waitFor();
  await step("conflict");

  await hands.press(`Edit “${rule.name}”`);
  await untilFocus(page, "Name");
  await hands.fill("Value", interest);
  await step("mended");
  await hands.press("Save");
  await gone();
  await page.getByText("have the same priority, match the same submission").waitFor({ state: "detached" });
  await page.getByText("Draft saved").waitFor();
  await step("draft");

  await hands.press("Back-test");
  await page.getByText(/^\d+ of \d+ leads? would go elsewhere$/).waitFor();
  await step("back-test");
  await hands.press("Publish");
  await untilFocus(page, "Reason");
  await hands.fill("Reason", `${interest} is theirs`);
  await step("publish");
  await hands.press("Publish");
  await page.getByText(/^Version \d+ is published$/).waitFor();
  await step("published");

  await hands.press("Send a lead and see where it goes");
  await heading("Sources");
  await untilFocus(page, "Make a secret to try it with");
  await step("try it");
  await hands.press("Make a secret to try it with");
  await untilFocus(page, "Send");
  await hands.press("Send");
  await page
    .getByRole("region", { name: "What became of it" })
    .getByText(`Delivered to ${partner.id}`)
    .waitFor();
  await step("delivered");
}
