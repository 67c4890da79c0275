import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ConfigError,
  configurationFor,
  ROLES,
  type Role,
  readConfig,
  refuseOpenListening,
} from "./config.ts";

const config = suite("configuration");
const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

config("has a default for everything", () => {
  const read = readConfig({});
  assert.equal(read.http, { host: "127.0.0.1", port: 8080 });
  assert.equal(read.roles, ROLES);
  assert.is(read.dataDir, ".data");
  assert.is(read.leadPartitions, 16);
  assert.is(read.identifyMaxRetries, 3);
  assert.equal(read.sources, []);
  assert.is(read.publishFacts, false);
  assert.match(read.instance, /^[\w-]+-\d+$/);
  assert.not.ok("natsUrl" in read);
});

config("takes what is given, and an empty variable as none", () => {
  const read = readConfig({
    PORT: "0",
    ROLES: "relay, leads",
    SOURCES: `a:${SECRET},b:${SECRET}`,
    HOST: "",
    PUBLISH_FACTS: "true",
  });
  assert.is(read.publishFacts, true);
  assert.is(read.http.port, 0);
  assert.is(read.http.host, "127.0.0.1");
  assert.equal(read.roles, ["relay", "leads"]);
  assert.equal(read.sources, [
    { id: "a", secret: SECRET },
    { id: "b", secret: SECRET },
  ]);
});

config("a gateway beyond this machine must say that TLS is in front of it", () => {
  const refused = (env: Record<string, string>): string => {
    try {
      refuseOpenListening(readConfig(env));
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return "";
  };
  for (const HOST of ["0.0.0.0", "::", "192.0.2.1", "yard.example"]) {
    assert.match(refused({ HOST }), "TRUST_PROXY", HOST);
    assert.is(refused({ HOST, TRUST_PROXY: "10.0.0.0/8, uniquelocal" }), "", HOST);
    assert.is(refused({ HOST, ROLES: "relay" }), "", HOST);
  }
  for (const HOST of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) assert.is(refused({ HOST }), "", HOST);
  assert.equal(readConfig({ TRUST_PROXY: "::1, 10.0.0.0/8" }).trustProxy, ["::1", "10.0.0.0/8"]);
  assert.is(readConfig({ TRUST_PROXY: "true" }).trustProxy, true);
  for (const TRUST_PROXY of ["false", "everybody", "10.0.0.0/33", "10.0.0.0/8/8", ","])
    assert.match(String(problemsOf({ TRUST_PROXY })), "TRUST_PROXY", TRUST_PROXY);
});

config("signing in through OpenID needs all of its variables", () => {
  const all = {
    OIDC_ISSUER: "https://id.example/realms/yard",
    OIDC_CLIENT_ID: "yard",
    OIDC_CLIENT_SECRET: "hush-hush",
    OIDC_ROLES: "sales:team:manager, ops:operator",
  };
  assert.equal(readConfig(all).oidc, {
    issuer: all.OIDC_ISSUER,
    clientId: "yard",
    clientSecret: "hush-hush",
    roles: [
      { group: "sales:team", role: "manager" },
      { group: "ops", role: "operator" },
    ],
  });
  for (const name of Object.keys(all)) {
    const problems = problemsOf({ ...all, [name]: "" });
    assert.is(problems.length, 1);
    assert.match(String(problems), new RegExp(`^${name} must be set too`));
    assert.not.match(String(problems), "hush-hush");
  }
  for (const OIDC_ISSUER of ["http://id.example", "id.example", "ftp://id.example"])
    assert.match(String(problemsOf({ ...all, OIDC_ISSUER })), "OIDC_ISSUER");
});

config("tells everything that is wrong at once, in plain words", () => {
  const problems = problemsOf({
    PORT: "eighty",
    ROLES: "relay,chef",
    NATS_URL: "http://x",
    SWITCHYARD_X: "1",
  });
  assert.equal(problems, [
    'PORT is "eighty", which is not a port from 0 to 65535',
    "NATS_URL is not nats://[user:password@]host[:port][,host[:port]] or tls://…: a NATS address begins with nats:// or tls://",
    `ROLES is "relay,chef", which is not a comma-separated list of ${ROLES.join(", ")}`,
    "SWITCHYARD_X is not known",
  ]);
});

config("knows who started the process", () => {
  assert.is(readConfig({ SWITCHYARD_PARENT: "77" }).launcherPid, 77);
  assert.not.ok("launcherPid" in readConfig({}));
  assert.equal(problemsOf({ SWITCHYARD_PARENT: "0" }), [
    `SWITCHYARD_PARENT is "0", which is not the launcher's process id`,
  ]);
});

config("never repeats a secret in a message", () => {
  const text = problemsOf({ ADMIN_TOKEN: "too short", SOURCES: "demo:hush", MASTER_KEY: "hush" }).join("\n");
  assert.match(text, "ADMIN_TOKEN is not at least 16 characters");
  assert.not.match(text, /hush|too short/);
});

config("takes addresses with a user, and several hosts", () => {
  const urls = {
    NATS_URL: "tls://yard:hush@one:4222,two:4222",
    EVENTSTORE_URL: "esdb://yard:hush@one:2113,two:2113?tls=true",
    DATABASE_URL: "postgresql://yard:hush@one/switchyard",
  };
  const { natsUrl, eventstoreUrl, databaseUrl } = readConfig(urls);
  assert.equal([natsUrl, eventstoreUrl, databaseUrl], Object.values(urls));
});

config("never repeats the password in an address", () => {
  const wrong = {
    NATS_URL: ["http://yard:hush@one", "nats://yard:hush@one,tls://yard:hush@two"],
    EVENTSTORE_URL: ["esdb://yard:hush@one?colour=hush", "esdb://yard:hush@one?tlsCAFile=/nowhere"],
    DATABASE_URL: ["mysql://yard:hush@one", "postgres://yard:hush@one:port/x", "postgres:///hush"],
  };
  for (const [name, urls] of Object.entries(wrong))
    for (const url of urls) {
      const problems = problemsOf({ [name]: url });
      assert.is(problems.length, 1, url);
      assert.match(problems[0] ?? "", new RegExp(`^${name} is not `));
      assert.not.match(problems[0] ?? "", "hush");
    }
});

config("names the file of NATS that is missing or something else", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const path = join(folder, "file");
  writeFileSync(path, "-----BEGIN CERTIFICATE-----\n-----BEGIN NATS USER JWT-----\n");
  const NATS_URL = "tls://one";
  const read = readConfig({ NATS_URL, NATS_CREDS: path, NATS_CA: path });
  assert.equal([read.natsCredentialsFile, read.natsCaFile], [path, path]);
  assert.equal(problemsOf({ NATS_URL, NATS_CREDS: "/nowhere", NATS_CA: "/nowhere" }), [
    'NATS_CREDS is "/nowhere", which is not a credentials file of NATS that can be read',
    'NATS_CA is "/nowhere", which is not a file with a certificate in PEM that can be read',
  ]);
  writeFileSync(path, "something else");
  assert.is(problemsOf({ NATS_URL, NATS_CREDS: path, NATS_CA: path }).length, 2);
  assert.equal(problemsOf({ NATS_CA: path }).at(-1), "NATS_CA is set, and no NATS_URL that it is for");
  rmSync(folder, { recursive: true });
});

config("lets partners be private only while everything is embedded, unless told", () => {
  assert.is(readConfig({}).allowPrivatePartners, true);
  assert.is(readConfig({ NATS_URL: "nats://127.0.0.1:4222" }).allowPrivatePartners, false);
  const told = readConfig({ NATS_URL: "nats://127.0.0.1:4222", ALLOW_PRIVATE_PARTNERS: "true" });
  assert.is(told.allowPrivatePartners, true);
});

config("reads the master key from a variable or a file, not from both", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const path = join(folder, "key");
  const key = Buffer.alloc(32, 5);
  writeFileSync(path, `${key.toString("base64")}\n`);
  assert.equal(readConfig({ MASTER_KEY_FILE: path }).masterKey, key);
  assert.equal(readConfig({ MASTER_KEY: key.toString("base64") }).masterKey, key);
  assert.match(problemsOf({ MASTER_KEY: key.toString("base64"), MASTER_KEY_FILE: path }).join(), "both set");
  assert.match(problemsOf({ MASTER_KEY_FILE: join(folder, "none") }).join(), "which is not a file");
  rmSync(folder, { recursive: true });
});

config("reads the master keys that are readable besides, one or several, from a variable or a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const path = join(folder, "keys");
  const keys = [Buffer.alloc(32, 5), Buffer.alloc(32, 6)];
  const texts = keys.map((key) => key.toString("base64"));
  writeFileSync(path, `${texts.join("\n")}\n`);
  assert.equal(readConfig({}).readableMasterKeys, []);
  assert.equal(readConfig({ MASTER_KEYS_READABLE: texts.join(", ") }).readableMasterKeys, keys);
  assert.equal(readConfig({ MASTER_KEYS_READABLE: texts[1] }).readableMasterKeys, [keys[1]]);
  assert.equal(readConfig({ MASTER_KEYS_READABLE_FILE: path }).readableMasterKeys, keys);
  const both = problemsOf({ MASTER_KEYS_READABLE: texts.join(), MASTER_KEYS_READABLE_FILE: path });
  assert.match(both.join(), "both set");
  assert.match(problemsOf({ MASTER_KEYS_READABLE_FILE: folder }).join(), "which is not a file");
  rmSync(folder, { recursive: true });
});

config("reads any other secret from a file too, and says which can't be read without repeating it", () => {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  const path = join(folder, "secret");
  writeFileSync(path, "nats://yard:hush@one:4222\n");
  assert.is(readConfig({ NATS_URL_FILE: path }).natsUrl, "nats://yard:hush@one:4222");
  assert.is(readConfig({ NATS_URL_FILE: path }).allowPrivatePartners, false);
  assert.equal(problemsOf({ NATS_URL_FILE: path, NATS_URL: "nats://one" }), [
    "NATS_URL and NATS_URL_FILE are both set; only one can hold",
  ]);
  assert.equal(problemsOf({ ADMIN_TOKEN_FILE: join(folder, "hush") }), [
    "ADMIN_TOKEN_FILE does not name a file that can be read",
  ]);
  writeFileSync(path, "hush");
  const [problem = "", ...more] = problemsOf({ DATABASE_URL_FILE: path });
  assert.is(more.length, 0);
  assert.match(problem, "DATABASE_URL is not postgres://");
  assert.not.match(problem, "hush");
  rmSync(folder, { recursive: true });
});

config("gives a process the file of a secret that its roles need, unless the secret itself is given", () => {
  const env = { NATS_URL_FILE: "a", ADMIN_TOKEN_FILE: "b", DATABASE_URL_FILE: "c", DATABASE_URL: "d" };
  assert.equal(configurationFor(["relay"], env), { NATS_URL_FILE: "a", DATABASE_URL: "d" });
  assert.equal(configurationFor(["simulator"], env), {});
  // As Compose writes a variable that is not set. Without the file, the process would make a secret of its own.
  for (const blank of ["", " "])
    assert.equal(configurationFor(["gateway"], { ADMIN_TOKEN: blank, ADMIN_TOKEN_FILE: "b" }), {
      ADMIN_TOKEN_FILE: "b",
    });
});

config("keeps streams on as many servers as a cluster may have", () => {
  const NATS_URL = "tls://one,two,three";
  assert.is(readConfig({ NATS_URL, NATS_REPLICAS: "3" }).natsReplicas, 3);
  for (const wrong of ["0", "6", "two"])
    assert.is(problemsOf({ NATS_URL, NATS_REPLICAS: wrong }).length, 1, wrong);
  assert.equal(problemsOf({ NATS_REPLICAS: "3" }), ["NATS_REPLICAS is set, and no NATS_URL that it is for"]);
});

config("never repeats a master key in a message, whichever variable it was given to", () => {
  const key = Buffer.alloc(32, 5).toString("base64");
  for (const name of ["MASTER_KEYS_READABLE", "MASTER_KEY_FILE", "MASTER_KEYS_READABLE_FILE", "PORT"]) {
    const text = problemsOf({ [name]: `${key},hush` }).join("\n");
    assert.match(text, `${name} is not `);
    assert.not.match(text, key);
  }
});

config("gives a process what its roles need, and no secret of others", () => {
  const env = {
    PORT: "1",
    DATABASE_URL: "postgres://x",
    ADMIN_TOKEN: "token",
    SOURCES: "source",
    MASTER_KEY: "key",
    LEAD_PARTITIONS: "4",
    SIMULATOR_PORT: "2",
    AWS_SECRET_ACCESS_KEY: "hush",
  };
  const namesFor = (...roles: Role[]): string[] => Object.keys(configurationFor(roles, env)).sort();
  assert.equal(namesFor("simulator"), ["PORT", "SIMULATOR_PORT"]);
  assert.equal(namesFor("gateway"), ["ADMIN_TOKEN", "DATABASE_URL", "MASTER_KEY", "PORT", "SOURCES"]);
  assert.equal(namesFor("relay"), ["DATABASE_URL", "LEAD_PARTITIONS", "PORT"]);
  assert.equal(namesFor("relay", "identity"), ["DATABASE_URL", "LEAD_PARTITIONS", "MASTER_KEY", "PORT"]);
  assert.is(configurationFor(["relay"], env).LEAD_PARTITIONS, "4");
});

config(
  "takes what operators set for figures and errors, and names what is wrong without repeating it",
  () => {
    const read = readConfig({
      METRICS_TOKEN: "a-token-of-the-test",
      METRICS_PORT: "9100",
      SENTRY_DSN: "https://publickey@sentry.example/42",
    });
    assert.equal([read.metricsToken, read.metricsPort], ["a-token-of-the-test", 9100]);
    assert.equal(read.sentry, { dsn: "https://publickey@sentry.example/42", tracesSampleRate: 0.01 });
    assert.is(readConfig({ SENTRY_TRACES_SAMPLE_RATE: "1" }).sentry, undefined);
    const wrong = {
      METRICS_TOKEN: "hush hush",
      METRICS_PORT: "70000",
      SENTRY_DSN: "hush.example",
      SENTRY_TRACES_SAMPLE_RATE: "2",
    };
    const problems = problemsOf(wrong);
    assert.equal(problems.map((one) => one.split(" ")[0]).sort(), Object.keys(wrong).sort());
    assert.not.match(problems.join("\n"), /hush/);
  },
);

config.run();
