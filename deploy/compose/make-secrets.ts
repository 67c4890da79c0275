// Makes every password, key and certificate of a yard in containers, once: a folder for each part, which sees no other. What is there
// already stays; addresses are written anew, since they name the servers that there are now.
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { list } from "#platform/config-values.ts";
import { keptOrMade, writeKept } from "#platform/kept-file.ts";
import { MASTER_KEY_BYTES } from "#platform/kept-master-key.ts";
import { newSecret } from "#platform/webhooks.ts";
import { keptAuthority, keptCertificate } from "./certificates.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    nats: { type: "string", default: "nats" },
    eventstore: { type: "string", default: "eventstore" },
    postgres: { type: "string", default: "postgres" },
  },
});
if (values.out === undefined) {
  console.error("make-secrets needs --out, the folder for the secrets");
  process.exit(2);
}
const out = resolve(values.out);
const hosts = {
  nats: list(values.nats),
  eventstore: list(values.eventstore),
  postgres: list(values.postgres),
};

/** As which user the image of each part reads its folder. */
const OWNERS: Readonly<Record<string, number>> = {
  authority: 0,
  nats: 0,
  eventstore: 1000,
  postgres: 999,
  application: 1000,
  gateway: 1000,
  prometheus: 65_534,
  grafana: 472,
};

const fileIn = (part: string, ...path: readonly string[]): string => join(out, part, ...path);
const at = (servers: readonly string[], port: number): string =>
  servers.map((one) => `${one}:${port}`).join(",");

/** In characters that need no escaping in an address. */
function password(part: string, name: string): string {
  return keptOrMade(fileIn(part, name), () => randomBytes(24).toString("base64url"));
}

const authority = await keptAuthority(fileIn("authority"));
for (const part of ["nats", "eventstore", "postgres"] as const)
  await keptCertificate(fileIn(part), [...hosts[part], "localhost", "127.0.0.1"], authority);
writeKept(fileIn("nats", "ca.crt"), authority.cert);
writeKept(fileIn("eventstore", "ca", "ca.crt"), authority.cert);
writeKept(fileIn("application", "ca.crt"), authority.cert);
writeKept(fileIn("prometheus", "ca.crt"), authority.cert);

const nats = password("authority", "nats-password");
const producer = password("authority", "nats-producer-password");
const route = password("authority", "nats-route-password");
writeKept(fileIn("nats", "passwords.conf"), `YARD_PASSWORD: "${nats}"\nPRODUCER_PASSWORD: "${producer}"\n`);
const routes = hosts.nats.map((one) => `"tls://route:${route}@${one}:6222"`).join(", ");
writeKept(
  fileIn("nats", "routes.conf"),
  `authorization { user: route, password: "${route}" }\nroutes: [ ${routes} ]\n`,
);
writeKept(fileIn("application", "nats-url"), `tls://switchyard:${nats}@${at(hosts.nats, 4222)}\n`);
writeKept(fileIn("gateway", "nats-producer-url"), `tls://producer:${producer}@${at(hosts.nats, 4222)}\n`);

const ca = encodeURIComponent(fileIn("application", "ca.crt"));
const admin = password("eventstore", "admin-password");
password("eventstore", "ops-password");
writeKept(
  fileIn("application", "eventstore-url"),
  `esdb://admin:${admin}@${at(hosts.eventstore, 2113)}?tls=true&tlsCAFile=${ca}\n`,
);

password("postgres", "superuser-password");
const application = password("postgres", "application-password");
writeKept(
  fileIn("application", "database-url"),
  `postgres://application:${application}@${at(hosts.postgres, 5432)}/switchyard?sslmode=verify-full&sslrootcert=${ca}\n`,
);

keptOrMade(fileIn("application", "master-key"), () => randomBytes(MASTER_KEY_BYTES).toString("base64"));
keptOrMade(fileIn("gateway", "admin-token"), () => randomBytes(24).toString("base64url"));
keptOrMade(fileIn("gateway", "sources"), () => `demo:${newSecret()}`);
password("grafana", "admin-password");

// Only root can give files away; who runs this without containers keeps them.
if (process.getuid?.() === 0) for (const [part, owner] of Object.entries(OWNERS)) giveTo(owner, fileIn(part));
console.log(`secrets are in ${out}`);

function giveTo(owner: number, path: string): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder) for (const name of readdirSync(path)) giveTo(owner, join(path, name));
  chownSync(path, owner, owner);
  chmodSync(path, isFolder ? 0o700 : 0o400);
}
