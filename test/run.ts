// The whole test command: static checks, then every *.test.ts in a process of its own, then one closing line. Words choose among the
// files, or with --checks among the checks.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlone, isWholeYard, testFiles } from "./files.ts";
import { parseOrExplain } from "./harness/usage.ts";

const USAGE = `usage: npm test -- [part of a path…] [--tests] [--checks] [--verbose]
Runs every check and test, or the tests whose paths have one of the words. npm run upgrades is those of test/upgrades.
  --checks    the checks alone, or those that are named
  --tests     the tests alone
  --verbose   what passes is shown too`;
const { values: flags, positionals: patterns } = parseOrExplain(USAGE, {
  allowPositionals: true,
  options: { checks: { type: "boolean" }, tests: { type: "boolean" }, verbose: { type: "boolean" } },
});

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** Fewer tests than this means that some were lost on the way, which must not look like success. */
const LEAST_TESTS = 1_000;
const FILE_DEADLINE_MS = 300_000;
const LAST_WORDS_MS = 2_000;
const node = process.execPath;

const checks: ReadonlyArray<readonly [name: string, command: string, ...args: string[]]> = [
  ["types", "node_modules/.bin/tsc"],
  ["types of k6's scripts", "node_modules/.bin/tsc", "-p", "k6"],
  ["types of the console", "node_modules/.bin/tsc", "-p", "console"],
  ["format and lint", "node_modules/.bin/biome", "ci", "--error-on-warnings"],
  [
    "walls",
    "node_modules/.bin/depcruise",
    "--output-type",
    "err-long",
    "domain",
    "services",
    "projections",
    "platform",
    "deploy",
    "console",
    "k6",
    "test",
  ],
  ["dead code", "node_modules/.bin/knip"],
  ["licences", node, "--disable-warning=ExperimentalWarning", "test/checks/licences.ts"],
  ["bill of materials", "npm", "sbom", "--sbom-format", "cyclonedx", "--omit", "dev"],
  ["advisories", node, "--disable-warning=ExperimentalWarning", "test/checks/audit.ts"],
];

const COMPILE_CACHE = join(import.meta.dirname, "../node_modules/.cache/node");
/** Compiled code and a new PostgreSQL are made once for all files; coverage is exact only without compiled code. */
const shared = mkdtempSync(join(tmpdir(), "switchyard-tests-"));
process.once("exit", () => rmSync(shared, { recursive: true, force: true }));
const env = {
  POSTGRES_TEMPLATE: join(shared, "postgres"),
  ...(process.env.NODE_V8_COVERAGE === undefined && { NODE_COMPILE_CACHE: COMPILE_CACHE }),
  ...process.env,
};

/** Process groups: no signal of a terminal reaches them. */
const running = new Set<number>();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => {
    for (const leader of running) endGroup(leader);
    process.exit(code);
  });

function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    // A process group of its own, so that a file that hangs is ended with everything it started.
    const child = spawn(command, args, { detached: true, env, stdio: ["ignore", "pipe", "pipe"] });
    const { pid: leader } = child;
    if (leader !== undefined) running.add(leader);
    let output = "";
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const deadline = setTimeout(() => {
      output += `\nEnded after ${FILE_DEADLINE_MS / 1000} s without finishing.\n`;
      // It may still tell what its parts said lately; then it goes, with all that it started.
      child.kill("SIGTERM");
      setTimeout(() => endGroup(leader), LAST_WORDS_MS);
    }, FILE_DEADLINE_MS);
    child.on("close", (code) => {
      clearTimeout(deadline);
      if (leader !== undefined) running.delete(leader);
      resolve({ code: code ?? 1, output });
    });
  });
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch (error) {
    // All of it may have gone by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, string]> {
  const start = performance.now();
  const result = await work();
  return [result, `${((performance.now() - start) / 1000).toFixed(1)} s`];
}

async function check([name, command, ...args]: (typeof checks)[number]): Promise<Outcome> {
  const [{ code, output }, took] = await timed(() => run(command, args));
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${took})`);
  if (code !== 0) console.log(output);
  else for (const [note] of output.matchAll(/^note: .*$/gm)) console.log(`     ${note}`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function testFile(path: string): Promise<Outcome> {
  const broken = (why: string): Outcome => {
    console.log(`FAIL ${path}: ${why}`);
    return { passed: 0, failed: 1 };
  };
  if (!/\.run\(\)/.test(readFileSync(path, "utf8")))
    return broken("never calls .run(), so it would test nothing");
  const [{ code, output }, took] = await timed(() =>
    run(node, ["--disable-warning=ExperimentalWarning", path]),
  );
  const total = Number(/Total:\s+(\d+)/.exec(output)?.[1] ?? 0);
  const passed = Number(/Passed:\s+(\d+)/.exec(output)?.[1] ?? 0);
  const good = code === 0 && total > 0 && passed === total;
  console.log(`${good ? "ok  " : "FAIL"} ${path} (${passed}/${total}, ${took})`);
  if (!good || flags.verbose) console.log(output);
  else for (const [note] of output.matchAll(/^note: .*$/gm)) console.log(`     ${note}`);
  // A file that dies after its tests passed, or before it printed a total, has failed once more than it says.
  return { passed, failed: good ? 0 : Math.max(total - passed, 1) };
}

const results: Outcome[] = [];

async function eachOf<T>(all: readonly T[], width: number, run: (one: T) => Promise<Outcome>): Promise<void> {
  const queue = [...all];
  const worker = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) results.push(await run(one));
  };
  await Promise.all(Array.from({ length: width }, worker));
}

if (!flags.tests && (flags.checks || patterns.length === 0)) {
  const wanted = checks.filter(([name]) => patterns.length === 0 || patterns.includes(name));
  await eachOf(wanted, 2, check);
}
if (!flags.checks) {
  const files = testFiles(patterns);
  const together = files.filter((path) => !isAlone(path));
  await eachOf(
    together.filter((path) => !isWholeYard(path)),
    2,
    testFile,
  );
  await eachOf(together.filter(isWholeYard), 2, testFile);
  await eachOf(files.filter(isAlone), 1, testFile);
}

const passed = results.reduce((sum, one) => sum + one.passed, 0);
let failed = results.reduce((sum, one) => sum + one.failed, 0);
if (results.length === 0) {
  console.log(`FAIL nothing is called ${patterns.join(" or ")}`);
  failed += 1;
}
if (!flags.checks && patterns.length === 0 && passed < LEAST_TESTS) {
  console.log(`FAIL only ${passed} tests ran; at least ${LEAST_TESTS} are expected`);
  failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
