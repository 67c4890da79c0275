// The examples of the documents are pasted into a shell, as a reader does it, beside a yard of demo partners.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { until } from "../../test/harness/wait.ts";
import { type Launched, startLauncher, temporaryDataFolder } from "./fixtures/launched.ts";

const test = suite("examples of the documents");
const execute = promisify(execFile);
const dataDir = temporaryDataFolder();
/** The reader's folder: the project's, with the data of this yard. */
const folder = mkdtempSync(join(tmpdir(), "reader-"));
let yard: Launched;
let url = "";

test.before(async () => {
  symlinkSync(dataDir, join(folder, ".data"));
  const [port, simulatorPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}`, LOG_LEVEL: "warn" };
  yard = startLauncher(dataDir, env, "real");
  assert.ok(await yard.ready, yard.output());
});
test.after(async () => {
  yard?.signal("SIGTERM");
  await yard?.exited;
  rmSync(folder, { recursive: true, force: true });
});

/** A default start has another address, which is the only thing that is changed. */
function blocksOf(document: string, language = "sh"): readonly string[] {
  const text = readFileSync(document, "utf8").replaceAll(/(http:\/\/)?(127\.0\.0\.1|localhost):8080/g, url);
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, named]) => named === language)
    .map(([, , code = ""]) => code);
}

interface Pasted {
  readonly output: string;
  /** Of the HTTP requests, in order. */
  readonly statuses: readonly number[];
}

/** Says of each request how it ended, whatever the example prints. */
const WATCHED = `curl() { command curl --max-time 30 "$@" -w '\\n%{stderr}ended %{http_code}\\n'; }\n`;

async function paste(...blocks: readonly string[]): Promise<Pasted> {
  const { stdout, stderr } = await execute("bash", ["-c", WATCHED + blocks.join("\n")], { cwd: folder });
  return {
    output: stdout + stderr,
    statuses: [...stderr.matchAll(/^ended (\d+)$/gm)].map(([, status]) => Number(status)),
  };
}

function allWent({ output, statuses }: Pasted, requests: number): void {
  assert.is(statuses.length, requests, output);
  assert.ok(
    statuses.every((status) => status >= 200 && status < 300),
    output,
  );
}

/** Of the block that has this text. */
function blockWith(blocks: readonly string[], text: string): string {
  const [found, ...more] = blocks.filter((one) => one.includes(text));
  assert.ok(found !== undefined && more.length === 0, `one block has ${text}`);
  return found;
}

test("first steps lead from a lead to a partner, a rule and a decision", async () => {
  const pasted = await paste(...blocksOf("docs/first-steps.md"));
  allWent(pasted, 11);
  assert.match(pasted.output, /"outcome":"success","partner":"edu"/);
  assert.match(pasted.output, /"partner":"art"/);
  assert.equal(pasted.statuses.slice(-2), [204, 204]);
});

test("a campaign is defined, has members, is started and gets a reply", async () => {
  const [defining = "", looking = ""] = blocksOf("docs/campaigns.md");
  const setUp = defining.split("\n").slice(0, 3).join("\n");
  allWent(await paste(defining), 4);
  // Only a member whose mail was sent waits for a reply.
  await until("the mails are sent", async () => {
    const { output } = await paste(setUp, "admin GET /api/campaigns/spring");
    return /"id":"listen"[^}]*"waiting":2/.test(output);
  });
  const pasted = await paste(setUp, looking);
  allWent(pasted, 3);
  assert.match(pasted.output, /"funnel":\[/);
});

test("each channel is configured and tested", async () => {
  const blocks = blocksOf("docs/delivery.md").filter((one) => /test_partner/.test(one));
  const pasted = await paste(...blocks);
  allWent(pasted, 2 * (blocks.length - 1));
  assert.is(pasted.output.match(/},"outcome":"success"}/g)?.length, blocks.length - 1, pasted.output);
});

test("the rule of the reference is put where its partner is", async () => {
  const token = "TOKEN=$(cat .data/secrets/admin-token)";
  const art = blockWith(blocksOf("docs/delivery.md"), "api/partners/art");
  const [rule = ""] = blocksOf("docs/rules.md");
  allWent(await paste(token, "SIM=$(cat .data/simulator.url); test_partner() { :; }", art, rule), 2);
});

test("submissions are signed in a shell, in TypeScript and in Python", async () => {
  const [signing = "", reading = ""] = blocksOf("docs/intake.md");
  // The source of the other scheme does not exist here.
  const [standard = ""] = signing.split("\n# a source with scheme");
  allWent(await paste(standard, reading), 2);
  const SECRET = readFileSync(join(dataDir, "secrets", "demo-source-secret"), "utf8").trim();
  const programs = [
    ["send.ts", process.execPath, "ts"],
    ...(hasPython() ? [["send.py", "python3", "python"]] : []),
  ];
  for (const [name = "", program = "", language] of programs) {
    writeFileSync(join(folder, name), blocksOf("docs/intake.md", language)[0] ?? "");
    const { stdout } = await execute(program, [name], { cwd: folder, env: { ...process.env, SECRET } });
    assert.match(stdout, /^202 /, name);
  }
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"]);
    return true;
  } catch {
    console.log("  python3 is not installed, so the example in Python is not run");
    return false;
  }
}

test("the simulator is told how to behave", async () => {
  allWent(await paste(blockWith(blocksOf("docs/running.md"), "behaviour")), 5);
});

/** The id of a lead that goes to a simulated partner of its own, which behaves so. */
async function leadFor(partner: string, behaviour: string, priority: number): Promise<string> {
  const [names = "", functions = ""] = blocksOf("docs/first-steps.md");
  const setUp = `${names}${functions.split("\nsubmit '")[0]}`;
  const to = `{"type": "http", "url": "'"$SIM"'/partners/${partner}"}`;
  const when = `{"combinator": "and", "rules": [{"field": "interest", "operator": "=", "value": "${partner}"}]}`;
  const configured = await paste(
    setUp,
    `curl -s -X PUT "$SIM/partners/${partner}" -H 'content-type: application/json' -d '{"behaviour": "${behaviour}"}'`,
    `admin PUT /api/partners/${partner} -d '{"name": "${partner}", "idempotent": false, "retry": {"max_attempts": 1}, "delivery": ${to}}'`,
    `admin PUT /api/rules/${partner} -d '{"name": "${partner}", "enabled": true, "priority": ${priority}, "when": ${when}, "route": {"to": "${partner}"}}'`,
  );
  allWent(configured, 3);
  // A lead that comes before the rule is in force goes elsewhere.
  return until(`a lead goes to ${partner}`, async () => {
    const { output } = await paste(
      setUp,
      `submit '{"email": "ann@${partner}.example", "interest": "${partner}"}'`,
    );
    const id = /"id":"([0-9a-f-]{36})","outcome"/.exec(output)?.[1] ?? "";
    const decided = await paste(setUp, `admin GET /api/leads/${id}`);
    return decided.output.includes(`"partner":"${partner}"`) && id;
  });
}

test("dead letters are listed, redriven, resolved and put right by their ids", async () => {
  const blocks = blocksOf("docs/dead-letters.md");
  const [listing = "", causes = ""] = blocks;
  allWent(await paste(listing, causes), 3);
  const examples: readonly (readonly [text: string, id: string, requests: number])[] = [
    ["dry_run", await leadFor("down", "failing", 41), 4],
    ['"delivered"', await leadFor("doubted", "reset_after_processing", 42), 1],
    ['"not_delivered"', await leadFor("doubtful", "reset_after_processing", 43), 1],
    ['"payload"', await leadFor("strict", "rejecting", 44), 1],
  ];
  for (const [text, id, requests] of examples) {
    // The lists follow the log, and a lead that is not there yet is refused.
    const pasted = await until(`the example with ${text} goes`, async () => {
      const pasted = await paste(listing, `ID=${id}`, blockWith(blocks, text));
      return pasted.statuses.every((status) => status < 400) && pasted;
    });
    allWent(pasted, requests + 1);
  }
});

test.run();
