// Fills an empty yard in containers with demo partners and rules, as npm start does. Nothing that somebody configured is touched.
import { readConfig } from "#platform/config.ts";
import { resolveSecrets } from "#platform/connections.ts";
import { exitWith } from "../local/exit.ts";
import { firstLink } from "../local/welcome/first-link.ts";
import { prepareDemo } from "../local/welcome/seed.ts";

const [httpUrl, simulatorUrl] = process.argv.slice(2);
if (httpUrl === undefined || simulatorUrl === undefined) {
  console.error("seed needs the addresses of the gateway and of the simulator");
  process.exit(2);
}
try {
  const config = readConfig(process.env);
  const { adminToken } = resolveSecrets(config);
  const stopping = new AbortController();
  process.once("SIGTERM", () => stopping.abort());
  const done = await prepareDemo({ config, httpUrl, simulatorUrl, adminToken, signal: stopping.signal });
  console.log(done === "" ? "demo data are there already" : `demo data: ${done}`);
  const link = await firstLink(httpUrl, adminToken, stopping.signal);
  // As a browser outside of the containers finds the gateway, which is not how this process does.
  if (link !== undefined)
    console.log(`sign in as the first admin, once, within a day: /set-up${new URL(link).hash}`);
} catch (error) {
  exitWith(error);
}
