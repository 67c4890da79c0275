// What docker-compose.yml, the Dockerfile and the configuration of the yard say of each other.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configurationFor, ROLES, readConfig } from "#platform/config.ts";
import { ourServices, readComposeFile } from "./fixtures/compose-file.ts";

const test = suite("docker-compose.yml");
const file = readComposeFile("docker-compose.yml");
const text = readFileSync("docker-compose.yml", "utf8");
const ours = Object.entries(ourServices(file));
const all = Object.entries(file.services);
const dockerfile = readFileSync("Dockerfile", "utf8");
const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

test("runs every role once", () => {
  const running = ours.flatMap(([, { environment }]) => `${environment?.ROLES ?? ""}`.split(","));
  const simulators = ours.filter(([, { command }]) => command?.[0] === "services/simulator/main.ts");
  const roles = [...running.filter((role) => role !== ""), ...simulators.map(([name]) => name)];
  assert.equal(roles.sort(), [...ROLES].sort());
});

test("sets variables that there are, and none that its roles do not take", () => {
  for (const [name, { environment = {} }] of ours) {
    const given = Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, `${value}`]));
    const roles = name === "simulator" ? ROLES : readConfig({ ROLES: given.ROLES }).roles;
    const known = configurationFor(name === "demo" ? ["gateway"] : roles, given);
    const unused = name === "projections" ? ["ALLOW_PRIVATE_PARTNERS"] : [];
    assert.equal(
      Object.keys(known).sort(),
      Object.keys(given)
        .filter((one) => !unused.includes(one))
        .sort(),
      name,
    );
  }
});

test("holds no secret: whatever is one comes from a file below /secrets", () => {
  for (const [name, { environment = {} }] of all)
    for (const [variable, value] of Object.entries(environment))
      if (/PASSWORD|SECRET|TOKEN|KEY|URL|SOURCES/.test(variable))
        assert.match(`${value}`, /^\/secrets\/|^$/, `${name}: ${variable}`);
  assert.not.match(text, /whsec_|:\/\/[^\s/@]+:[^\s/@]+@/);
});

test("pins every image, ours by the version of the package", () => {
  for (const [name, { image }] of all) assert.match(image, /:v?\d+\.\d+\.\d+|:\d+\.\d+-/, name);
  for (const [name, { image }] of ours) assert.is(image, `switchyard:${version}`, name);
});

test("closes every service as far as it can be", () => {
  for (const [name, { cap_drop, security_opt, read_only }] of all) {
    assert.equal(cap_drop, ["ALL"], name);
    assert.equal(security_opt, ["no-new-privileges:true"], name);
    assert.is(read_only, name !== "eventstore", name);
  }
});

test("shows each part its own secrets alone", () => {
  const seenBy = (folder: string): string[] =>
    all
      .filter(
        ([name, { volumes = [] }]) =>
          name !== "secrets" && volumes.some((one) => one.startsWith(`${folder}:`)),
      )
      .map(([name]) => name);
  assert.equal(seenBy("secrets-authority"), []);
  for (const part of ["nats", "eventstore", "postgres", "prometheus", "grafana"])
    assert.equal(seenBy(`secrets-${part}`), [part]);
  assert.equal(seenBy("secrets-application"), ["gateway", "worker", "projections"]);
  assert.equal(seenBy("secrets-gateway"), ["gateway", "demo"]);
  for (const [name, { volumes = [] }] of all)
    for (const one of volumes.filter((volume) => volume.startsWith("secrets-") && name !== "secrets"))
      assert.match(one, /:ro$/, `${name} can write ${one}`);
});

test("opens ports on loopback, unless it is told otherwise", () => {
  for (const [name, { ports = [] }] of all)
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
});

test("knows of every service whether it is healthy, or that it ends", () => {
  const ending = ["secrets", "demo"];
  for (const [name, { healthcheck, image }] of all) {
    if (ending.includes(name)) assert.is(healthcheck?.disable, true, name);
    // The exporter's image has nothing to ask with.
    else if (name !== "nats-exporter") assert.ok(healthcheck?.test ?? image.startsWith("switchyard:"), name);
  }
});

test("the cluster's servers are what the single ones are", () => {
  const cluster = readComposeFile("deploy/compose.cluster.yml").services;
  for (const [name, service] of Object.entries(cluster)) {
    const single = file.services[name.replace(/-[23]$/, "")];
    assert.ok(single, name);
    if (service.image === undefined) continue;
    for (const key of [
      "image",
      "entrypoint",
      "cap_drop",
      "security_opt",
      "read_only",
      "working_dir",
    ] as const)
      assert.equal(service[key], single?.[key], `${name}: ${key}`);
    const mounted = (volumes: readonly string[] = []): string[] =>
      volumes.map((one) => one.replace(/^[\w-]+(?=:)/, (volume) => volume.replace(/-[23]$/, "")));
    assert.equal(mounted(service.volumes), mounted(single?.volumes), name);
  }
  for (const role of ["gateway", "worker", "projections"])
    assert.equal(cluster[role]?.environment, { NATS_REPLICAS: 3 }, role);
});

test("gives each role longer to stop than it takes to drain", () => {
  const grace = Number(/stop_grace_period: (\d+)s/.exec(text)?.[1]) * 1_000;
  assert.ok(grace > readConfig({}).drainMs + 1_000);
});

test("the image has the Node that the package pins, and does not run as root", () => {
  const versions = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, found]) => found);
  assert.ok(versions.length >= 3, "each stage names it");
  assert.equal([...new Set(versions)], [dependencies.node]);
  assert.match(dockerfile, /^USER 1000:1000$/m);
  assert.match(dockerfile, /^HEALTHCHECK /m);
});

test("copies nothing that .dockerignore holds back", () => {
  const sent = readFileSync(".dockerignore", "utf8").split("\n");
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = ""]) =>
    from.split(" "),
  );
  assert.ok(copied.length > 5);
  for (const path of copied) assert.ok(sent.includes(`!${path.split("/")[0]}`), path);
});

test.run();
