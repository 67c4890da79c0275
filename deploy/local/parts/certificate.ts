// The certificate by which the embedded event store is known: it vouches for itself, and is generated once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeKept } from "#platform/kept-file.ts";

/** Files in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A yard is not started anew to replace it, and whoever could use it reads the data folder anyway. */
const YEARS = 50;

export async function keptCertificate(dataDir: string): Promise<Certificate> {
  const [cert, key] = [
    join(dataDir, "secrets", "eventstore.crt"),
    join(dataDir, "secrets", "eventstore.key"),
  ];
  if (existsSync(cert) && existsSync(key)) return { cert, key };
  const { generate } = await import("selfsigned");
  const made = await generate([{ name: "commonName", value: "Switchyard's event store" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // A clock that is set back later must not lock us out.
    notBeforeDate: new Date(Date.UTC(2020, 0)),
    notAfterDate: new Date(Date.UTC(new Date().getUTCFullYear() + YEARS, 0)),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          { type: 2, value: "localhost" },
        ],
      },
    ],
  });
  writeKept(key, made.private);
  writeKept(cert, made.cert);
  return { cert, key };
}
