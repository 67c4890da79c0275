// The installer in a copy of its folder, with programs that only write down how they were called.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("The installer");
const here = import.meta.dirname;
const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Machine {
  readonly root: string;
  readonly nats: string;
  /** What was called so far, a line each. */
  calls(): readonly string[];
  install(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

const NPM = 'mkdir -p node_modules/.bin; touch node_modules/.bin/node; sleep "$NPM_SECONDS"';

/** A machine that has only these programs; each is given as the shell script that plays it. */
function machine(
  programs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Machine {
  const root = mkdtempSync(join(tmpdir(), "install-"));
  folders.push(root);
  const [bin, nats, log] = [join(root, "bin"), join(root, "nats-server"), join(root, "calls")];
  mkdirSync(join(root, "deploy/local"), { recursive: true });
  mkdirSync(bin);
  writeFileSync(join(root, "package-lock.json"), "{}");
  for (const part of ["install.mjs", "install"])
    cpSync(join(here, part), join(root, "deploy/local", part), { recursive: true });
  for (const program of ["sh", "env", "mkdir", "touch", "sleep", "chmod"])
    symlinkSync(`/bin/${program}`, join(bin, program));
  for (const [name, script] of Object.entries({ npm: NPM, ...programs })) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> "${log}"\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    root,
    nats,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
    async install(...args) {
      const child = spawn(process.execPath, [join(root, "deploy/local/install.mjs"), ...args], {
        env: {
          PATH: bin,
          HOME: root,
          NATS_SERVER: nats,
          PROMTOOL: "/bin/sh",
          PROMETHEUS: "/bin/sh",
          PGBOUNCER: "/bin/sh",
          CHROMIUM: "/bin/sh",
          FAKETIME_LIB: "/bin/sh",
          NPM_SECONDS: "0",
          ...env,
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => (output += chunk));
      const [code] = await once(child, "close");
      return { code, output };
    },
  };
}

const MAKES_NATS = 'touch "$NATS_SERVER"; chmod +x "$NATS_SERVER"';
const isRoot = process.getuid?.() === 0;

test("installs dependencies once for each lockfile, and is silent afterwards", async () => {
  const { root, install, calls } = machine({});
  const first = await install();
  assert.is(first.code, 0, first.output);
  assert.match(first.output, /Installed dependencies in [\d.]+ s/);
  assert.equal(await install(), { code: 0, output: "" });
  writeFileSync(join(root, "package-lock.json"), "{ }");
  await install();
  assert.is(calls().length, 2);
});

test("stops, and tries again the next time, when npm fails", async () => {
  const { install, calls } = machine({ npm: "exit 1" });
  const { code, output } = await install("--services");
  assert.is(code, 1);
  assert.match(output, /npm install failed/);
  await install();
  assert.is(calls().length, 2);
});

test("installs Debian's nats-server, with fresh lists only when the old ones do not do", async () => {
  const apt = `case "$*" in *update*) touch "$HOME/fresh";; *install*) [ -e "$HOME/fresh" ] || exit 100; ${MAKES_NATS};; *) exit 1;; esac`;
  const { install, calls } = machine({ "apt-get": apt, sudo: 'shift; exec "$@"', true: "exit 0" });
  const { code, output } = await install("--services");
  assert.is(code, 0, output);
  const asked = calls()
    .filter((call) => call.startsWith("apt-get"))
    .map((call) => /install|update/.exec(call)?.[0]);
  assert.equal(asked, ["install", "update", "install"]);
  assert.equal(await install("--services"), { code: 0, output: "" });
});

test("unpacks the package where it may not install it", async () => {
  const apt = 'case "$*" in *download*) touch nats-server_2_all.deb;; *) exit 100;; esac';
  const { install, calls } = machine({ "apt-get": apt, "dpkg-deb": MAKES_NATS });
  const { code, output } = await install("--tests");
  assert.is(code, 0, output);
  assert.match(calls().at(-1) ?? "", /^dpkg-deb -x \S+\.deb /);
});

test("builds it with Go where there is no Debian", async () => {
  const { install, calls } = machine({ go: MAKES_NATS });
  assert.is((await install("--services")).code, 0);
  assert.match(calls().at(-1) ?? "", /^go install github\.com\/nats-io\/nats-server\/v2@v2\.12\.\d+$/);
});

test("installs Redis for benchmarks alone, and says what helps where it can't", async () => {
  const makesRedis = 'touch "$HOME/bin/redis-server"; chmod +x "$HOME/bin/redis-server"';
  const makesBoth = `case "$*" in *redis-server) ${makesRedis};; *) ${MAKES_NATS};; esac`;
  const able = machine({ "apt-get": makesBoth, sudo: 'shift; exec "$@"', true: "exit 0" });
  assert.is((await able.install("--tests")).code, 0);
  assert.not.ok(able.calls().some((call) => call.includes("redis")));
  const { code, output } = await able.install("--tests", "--bench");
  assert.is(code, 0, output);
  assert.match(able.calls().at(-1) ?? "", /^apt-get .*install .*redis-server$/);
  assert.equal(await able.install("--tests", "--bench"), { code: 0, output: "" });
  const unable = await machine({ "apt-get": "exit 100" }).install("--bench");
  assert.is(unable.code, 1);
  assert.match(unable.output, /apt-get install -y redis-server/);
});

test("unpacks prometheus for the tests alone, and goes on with what helps where it can't", async () => {
  const apt = `case "$*" in *download*) touch prometheus_2_all.deb;; *) ${MAKES_NATS};; esac`;
  const unpack =
    'mkdir -p "$3/usr/bin"; for one in prometheus promtool; do touch "$3/usr/bin/$one"; chmod +x "$3/usr/bin/$one"; done';
  const programs = { "apt-get": apt, "dpkg-deb": unpack, sudo: 'shift; exec "$@"', true: "exit 0" };
  const none = { PROMTOOL: "", PROMETHEUS: "" };
  const able = machine(programs, none);
  assert.is((await able.install("--services")).code, 0);
  assert.not.ok(able.calls().some((call) => call.includes("prometheus")));
  const { code, output } = await able.install("--tests");
  assert.is(code, 0, output);
  assert.ok(able.calls().includes("apt-get download prometheus"));
  assert.not.ok(able.calls().some((call) => /apt-get .*install .*prometheus/.test(call)));
  assert.equal(await able.install("--tests"), { code: 0, output: "" });
  const unable = await machine({ "apt-get": MAKES_NATS, sudo: 'shift; exec "$@"' }, none).install("--tests");
  assert.is(unable.code, 0);
  assert.match(unable.output, /apt-get install -y prometheus/);
});

test("says which commands help when nothing does", async () => {
  const { code, output } = await machine({ "apt-get": "exit 100", go: "exit 1" }).install("--services");
  assert.is(code, 1);
  for (const help of [/apt-get install -y nats-server/, /go install/, /NATS_URL=/])
    assert.match(output, help);
});

test("needs no nats-server for commands without it, nor for a start that is given another", async () => {
  assert.is((await machine({}).install()).code, 0);
  const given = machine({}, { NATS_URL: "nats://127.0.0.1:1" });
  assert.is((await given.install("--services")).code, 0);
  assert.is((await given.install("--tests")).code, 1);
});

test("never uses sudo where it would ask for a password", async () => {
  if (isRoot) return;
  const { install, calls } = machine({ "apt-get": "exit 100", sudo: "exit 1" });
  await install("--services");
  assert.not.ok(calls().some((call) => call.startsWith("sudo") && call.includes("apt-get")));
});

test("runs once when two start together", async () => {
  const { install, calls } = machine({}, { NPM_SECONDS: "1" });
  const both = await Promise.all([install(), install()]);
  assert.equal(
    both.map(({ code }) => code),
    [0, 0],
  );
  assert.is(calls().length, 1);
  assert.ok(both.some(({ output }) => output.includes("waiting for it")));
});

test.run();
