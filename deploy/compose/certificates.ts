// An authority of the yard's own, and what it signs for the parts. RSA, since EventStoreDB reads no other keys.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { readKept, writeKept } from "#platform/kept-file.ts";

/** In PEM. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

const YEARS = 10;
const RSA = { keyType: "rsa", keySize: 2048, algorithm: "sha256" } as const;
/** Nodes of an EventStoreDB cluster know each other by this name. */
const COMMON_NAME = "eventstoredb-node";

function validity(): { readonly notBeforeDate: Date; readonly notAfterDate: Date } {
  const now = new Date();
  const notAfterDate = new Date(now);
  notAfterDate.setUTCFullYear(now.getUTCFullYear() + YEARS);
  // The clock of another machine may be behind.
  return { notBeforeDate: new Date(now.getTime() - 86_400_000), notAfterDate };
}

export async function keptAuthority(folder: string): Promise<Pair> {
  const found = readPair(folder, "ca");
  if (found !== undefined) return found;
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "Switchyard's authority" }], {
    ...RSA,
    ...validity(),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return writePair(folder, "ca", { cert: made.cert, key: made.private });
}

/** Signed anew where the kept one is for other names, or from another authority. */
export async function keptCertificate(
  folder: string,
  names: readonly string[],
  authority: Pair,
): Promise<Pair> {
  const found = readPair(folder, "tls");
  if (found !== undefined && isFor(found, names, authority)) return found;
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: COMMON_NAME }], {
    ...RSA,
    ...validity(),
    ca: authority,
    extensions: [
      { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) =>
          isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const),
        ),
      },
    ],
  });
  return writePair(folder, "tls", { cert: made.cert, key: made.private });
}

function isFor({ cert }: Pair, names: readonly string[], authority: Pair): boolean {
  const found = new X509Certificate(cert);
  const isNamed = (name: string): boolean =>
    (isIP(name) === 0 ? found.checkHost(name) : found.checkIP(name)) !== undefined;
  return names.every(isNamed) && found.verify(new X509Certificate(authority.cert).publicKey);
}

function readPair(folder: string, name: string): Pair | undefined {
  const [cert, key] = [readKept(join(folder, `${name}.crt`)), readKept(join(folder, `${name}.key`))];
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** The certificate is written last: where it is, its key is. */
function writePair(folder: string, name: string, pair: Pair): Pair {
  writeKept(join(folder, `${name}.key`), pair.key);
  writeKept(join(folder, `${name}.crt`), pair.cert);
  return pair;
}
