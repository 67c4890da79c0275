// Certificates for tests: one authority, and what it signs for a server on loopback.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";

export interface Certificates {
  /** Files in PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const NAMES = [
  { type: 7, ip: "127.0.0.1" },
  { type: 2, value: "localhost" },
] as const;

export async function makeCertificates(): Promise<Certificates> {
  const curve = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
  const authority = await generate([{ name: "commonName", value: "authority of the tests" }], {
    ...curve,
    extensions: [{ name: "basicConstraints", cA: true, critical: true }],
  });
  const server = await generate([{ name: "commonName", value: "server of the tests" }], {
    ...curve,
    ca: { cert: authority.cert, key: authority.private },
    extensions: [{ name: "subjectAltName", altNames: [...NAMES] }],
  });
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    ca: write("ca.crt", authority.cert),
    cert: write("server.crt", server.cert),
    key: write("server.key", server.private),
  };
}
