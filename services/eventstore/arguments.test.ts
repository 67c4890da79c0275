import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../../test/eventstore/server.ts";
import { parseArguments, WrongArguments } from "./arguments.ts";

const test = suite("arguments");
const certificate = new URL("fixtures/localhost.crt", import.meta.url).pathname;
const key = new URL("fixtures/localhost.key", import.meta.url).pathname;
const tls = ["--tls-cert", certificate, "--tls-key", key];

const wrong: ReadonlyArray<readonly [RegExp, ...string[]]> = [
  [/--port must be a number/, "--port", "seventy"],
  [/--port must be a number/, "--port", "70000"],
  [/--port must be a number/, "--port", ""],
  [/Unknown option '--prot'/, "--prot", "1"],
  [/Unexpected argument 'more'/, "more"],
  [/--data must name a folder/, "--data", ""],
  [/needs TLS and a --user/, "--host", "0.0.0.0"],
  [/needs TLS and a --user/, "--host", "0.0.0.0", ...tls],
  [/never sent in the clear/, "--user", "admin:changeit"],
  [/together or not at all/, "--tls-cert", certificate],
  [/--tls-cert: ENOENT/, "--tls-cert", "/nowhere", "--tls-key", key],
  [/NAME:PASSWORD/, "--user", "admin", ...tls],
  [/--users-file: ENOENT/, "--users-file", "/nowhere", ...tls],
  [/--log-level must be one of/, "--log-level", "loud"],
];

for (const [message, ...args] of wrong) {
  test(`rejects ${args.slice(0, 2).join(" ")} because of ${message.source}`, () => {
    assert.throws(
      () => parseArguments(args),
      (error: unknown) => error instanceof WrongArguments && message.test(error.message),
    );
  });
}

test("listens on loopback by default", () => {
  assert.equal(parseArguments([]), {
    port: 2113,
    host: "127.0.0.1",
    dir: ".data/eventstore",
    tls: undefined,
    users: [],
    logLevel: "info",
    dieWithParent: false,
  });
});

test("reads users from the command line and from a file, and listens for them on other addresses over TLS", () => {
  const file = join(temporaryFolder(), "users");
  writeFileSync(file, "ops:with:colons\n\nreader:secret\n");
  const given = ["--host", "0.0.0.0", ...tls, "--user", "admin:changeit", "--users-file", file];
  const parsed = parseArguments(given);
  assert.not.equal(parsed, "help");
  assert.equal(parsed !== "help" && parsed.users, [
    { name: "admin", password: "changeit" },
    { name: "ops", password: "with:colons" },
    { name: "reader", password: "secret" },
  ]);
});

test("prefers --help to everything else", () => {
  assert.is(parseArguments(["--help", "--host", "0.0.0.0"]), "help");
});

test.run();
