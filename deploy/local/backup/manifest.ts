// What a backup says of itself. It is written last: a folder without it is no backup.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { Problem } from "../problem.ts";

/** Raised when an older version could not restore what this one writes. */
const FORMAT = 1;

export const FILES = {
  log: "events.db",
  keys: "keys.ndjson",
  secrets: "secrets.json",
  access: "access.json",
  forgotten: "forgotten.txt",
} as const;

const Manifest = z.object({
  format: z.literal(FORMAT),
  id: z.uuid(),
  made_at: z.iso.datetime(),
  /** Of the version that wrote it. */
  version: z.string(),
  log: z.object({ head: z.string().regex(/^\d+$/) }),
  keys: z.object({
    count: z.int(),
    destroyed: z.int(),
    /** The id of the master key that wraps new keys, and of all that wrap one of these. */
    wrapping: z.string(),
    masters: z.array(z.string()),
  }),
  files: z.record(z.enum(Object.values(FILES)), z.object({ bytes: z.int(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof Manifest>;

const manifestIn = (dir: string): string => join(dir, "manifest.json");

/** With the checksums of the files, which are complete by now. */
export async function writeManifest(dir: string, about: Omit<Manifest, "format" | "files">): Promise<void> {
  const files = await Promise.all(
    Object.values(FILES).map(async (name) => [name, await described(join(dir, name))] as const),
  );
  const manifest = { format: FORMAT, ...about, files: Object.fromEntries(files) };
  writeKept(manifestIn(dir), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Throws a Problem where it is no backup, not a whole one, or one that this version can't read. */
export function readManifest(dir: string): Manifest {
  const text = readKept(manifestIn(dir));
  if (text === undefined)
    throw new Problem(
      `${dir} is not a whole backup: it has no manifest.json, which is written last. A backup that was interrupted ends like this; make another one.`,
    );
  const said = parsed(text);
  const format = (said as { format?: unknown } | undefined)?.format;
  if (typeof format === "number" && format !== FORMAT)
    throw new Problem(
      `The backup in ${dir} has format ${format}, and this version of Switchyard reads format ${FORMAT}. Restore it with the version that made it.`,
    );
  const manifest = Manifest.safeParse(said);
  if (!manifest.success) throw new Problem(`${manifestIn(dir)} is damaged. Restore another backup.`);
  return manifest.data;
}

/** Each file is as it was written; throws a Problem that names the first that is not. */
export async function checkFiles(dir: string, { files }: Manifest): Promise<void> {
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const found = await described(join(dir, name)).catch(() => undefined);
    if (found === undefined) throw new Problem(`${join(dir, name)} is missing. Restore another backup.`);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw new Problem(
        `${join(dir, name)} is not as it was written: it is damaged. Restore another backup.`,
      );
  }
}

async function described(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest("hex") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
