// A real browser on the console, that notes what no page may do: log an error, fail, or ask anybody else for anything.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const HELP = "chromium is missing, which these tests open the console with: sudo apt-get install -y chromium";

export const launchBrowser = (): Promise<Browser> => {
  const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = process.env.CHROMIUM || installed.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error(HELP);
  // The sandbox of a browser does not work for root, which tests often run as.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
};

export interface ConsolePage {
  readonly page: Page;
  /** What went wrong so far, a line each; nothing while all is well. */
  readonly wrongs: string[];
  /** By the navigation, as a person would; it has the heading of that name then. */
  open(screen: string): Promise<void>;
  heading(name: string): Promise<void>;
}

export interface ConsoleOptions extends BrowserContextOptions {
  /** What the browser says of a server that is away is no fault of the page. */
  readonly mayLoseServer?: boolean;
}

const PATIENCE_MS = 20_000;

export async function openConsole(
  browser: Browser,
  url: string,
  { mayLoseServer = false, ...options }: ConsoleOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const wrongs: string[] = [];
  page.on("console", (message) => {
    const isLoss = mayLoseServer && /net::ERR_|Failed to load resource/.test(message.text());
    if (message.type() === "error" && !isLoss)
      wrongs.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => wrongs.push(`page: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`)) wrongs.push(`foreign request: ${request.url()}`);
  });
  const heading = (name: string): Promise<void> =>
    page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  return {
    page,
    wrongs,
    heading,
    async open(screen) {
      await page
        .getByRole("navigation", { name: "Screens" })
        .getByRole("link", { name: screen, exact: true })
        .click();
      await heading(screen);
    },
  };
}

export async function signInByToken(
  { page, heading }: ConsolePage,
  url: string,
  token: string,
  path = "/",
): Promise<void> {
  await page.goto(`${url}${path}`);
  await heading("Sign in");
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor({ state: "detached" });
}
