// What the manifests say of the roles is what the configuration and the code say of them.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse, parseAllDocuments } from "yaml";
import { configurationFor, ROLES, type Role, readConfig } from "#platform/config.ts";

const test = suite("Kubernetes manifests");
const read = (file: string): string => readFileSync(`deploy/kubernetes/${file}`, "utf8");
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: as deep as Kubernetes has it
  readonly spec: any;
}
const manifestsIn = (file: string): readonly Manifest[] =>
  parseAllDocuments(read(file)).map((one) => one.toJS() as Manifest);

const roles = ROLES.filter((role) => role !== "simulator");
const deployments = manifestsIn("roles.yaml").filter(({ kind }) => kind === "Deployment");
const budgets = manifestsIn("roles.yaml").filter(({ kind }) => kind === "PodDisruptionBudget");
const [pod, sealed, gateway] = ["pod.yaml", "sealed.yaml", "gateway.yaml"].map(
  (file) => parse(read(file)).spec.template.spec,
);
const config: Readonly<Record<string, string>> = parse(read("config.yaml")).data;
const namesIn = (spec: typeof pod): string[] =>
  spec.containers[0].env.map(({ name }: { name: string }) => name);

test("every role has a deployment that runs it alone, with a second pod and a budget", () => {
  assert.equal(deployments.map(({ metadata }) => metadata.name).sort(), [...roles].sort());
  for (const { metadata, spec } of deployments) {
    const { template, replicas, selector } = spec;
    assert.equal(template.spec.containers[0].env, [{ name: "ROLES", value: metadata.name }]);
    assert.ok(replicas >= 2, metadata.name);
    assert.equal(template.metadata.labels, metadata.labels);
    const budget = budgets.find((one) => one.metadata.name === metadata.name);
    assert.equal(budget?.spec.selector, selector);
    for (const [label, value] of Object.entries(selector.matchLabels))
      assert.is(template.metadata.labels[label], value);
  }
});

test("the master key is given to the roles that open what is sealed, and to no other", () => {
  for (const { metadata } of deployments) {
    const needs = Object.keys(configurationFor([metadata.name as Role], { MASTER_KEY_FILE: "x" })).length > 0;
    assert.is(metadata.labels?.["switchyard/opens"], needs ? "sealed" : undefined, metadata.name);
  }
  assert.equal(namesIn(sealed), ["MASTER_KEY_FILE"]);
});

test("the outside is open to the roles that call others, and to no other", () => {
  const callers = globSync("services/*/**/*.ts", { exclude: ["**/*.test.ts"] })
    .filter((path) => /#platform\/(outbound|http-call)\.ts/.test(readFileSync(path, "utf8")))
    .map((path) => path.split("/")[1]);
  for (const { metadata } of deployments) {
    const calls = callers.includes(metadata.name);
    assert.is(metadata.labels?.["switchyard/reaches"], calls ? "outside" : undefined, metadata.name);
  }
});

test("the document names who reaches the outside, and each variable that needs a way there besides", () => {
  const text = readFileSync("docs/deployment.md", "utf8");
  const outside = deployments.filter(({ metadata }) => metadata.labels?.["switchyard/reaches"] === "outside");
  const named = /Only (.+) reach the outside/.exec(text)?.[1]?.match(/[a-z_]+(?=`)/g);
  assert.equal(named?.sort(), outside.map(({ metadata }) => metadata.name).sort());
  // Their addresses are those of neither a partner nor a part.
  for (const variable of ["OIDC_ISSUER", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT", "SMTP_URL"])
    assert.match(text.slice(text.indexOf("reach the outside")), `\`${variable}\``);
});

test("variables exist, and secrets come from files that are mounted", () => {
  const given = Object.fromEntries(
    [...namesIn(pod), ...namesIn(sealed), ...namesIn(gateway)].map((one) => [one, "x"]),
  );
  const all = { ...config, ...given };
  assert.equal(Object.keys(configurationFor(ROLES, all)).sort(), Object.keys(all).sort());
  for (const [name, value] of Object.entries(config))
    if (/_FILE$|_CA$/.test(name)) assert.match(value, /^\/secrets\/application\//, name);
    else assert.not.match(name, /URL|TOKEN|KEY|SOURCES/);
  const files = [config, ...[sealed, gateway].map((spec) => spec.containers[0].env)].flatMap((one) =>
    (JSON.stringify(one).match(/\/secrets\/[\w/.-]+/g) ?? []).map((path) => path.split("/").at(-1)),
  );
  assert.equal([...new Set(fromFiles().map((path) => basename(path)))].sort(), [...new Set(files)].sort());
});

/** What the document makes secrets from. */
const fromFiles = (): string[] =>
  [...readFileSync("docs/deployment.md", "utf8").matchAll(/--from-file=(\S+)/g)].map(([, path = ""]) => path);

test("secrets are made from files that the image makes, where it makes them", () => {
  const folder = mkdtempSync(join(tmpdir(), "kubernetes-"));
  try {
    const out = join(folder, "secrets");
    execFileSync(process.execPath, ["deploy/compose/make-secrets.ts", "--out", out]);
    assert.ok(fromFiles().length >= 7);
    for (const path of fromFiles()) assert.ok(existsSync(join(folder, path)), path);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("pods meet the restricted standard", () => {
  const [container] = pod.containers;
  assert.is(pod.securityContext.runAsNonRoot, true);
  assert.equal(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
  assert.equal(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.is(pod.automountServiceAccountToken, false);
});

test("pods are asked whether they live and whether they are ready, and have time to drain", () => {
  const [{ startupProbe, livenessProbe, readinessProbe }] = pod.containers;
  assert.is(startupProbe.httpGet.path, "/livez");
  assert.is(livenessProbe.httpGet.path, "/livez");
  assert.is(readinessProbe.httpGet.path, "/readyz");
  assert.ok(pod.terminationGracePeriodSeconds * 1_000 > readConfig({}).drainMs + 1_000);
});

test("the image is this version's, and policies begin with nothing", () => {
  assert.is(parse(read("kustomization.yaml")).images[0].newTag, version);
  const [nothing] = manifestsIn("network.yaml");
  assert.equal(nothing?.spec, {
    podSelector: { matchLabels: { "app.kubernetes.io/name": "switchyard" } },
    policyTypes: ["Ingress", "Egress"],
  });
});

test.run();
