// The master key of a machine where no variable gives one, and while it is replaced the one that is to follow it.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { keptOrMade, moveKept, readKept } from "./kept-file.ts";

export const MASTER_KEY_BYTES = 32;

export const masterKeyFile = (dataDir: string): string => join(dataDir, "secrets", "master-key");
const nextFile = (dataDir: string): string => `${masterKeyFile(dataDir)}.next`;

const make = (): string => randomBytes(MASTER_KEY_BYTES).toString("base64");
const bytesOf = (text: string): Buffer => Buffer.from(text, "base64");

/** Made once. */
export const keptMasterKey = (dataDir: string): Buffer => bytesOf(keptOrMade(masterKeyFile(dataDir), make));

/** Made once, and on the disk before anything can be wrapped under it. */
export const nextMasterKey = (dataDir: string): Buffer => bytesOf(keptOrMade(nextFile(dataDir), make));

export const isBeingReplaced = (dataDir: string): boolean => readKept(nextFile(dataDir)) !== undefined;

/** The next one first: between the two reads it may take the place of the other, and is then found there. */
export function keptMasterKeys(dataDir: string): readonly Buffer[] {
  const texts = [readKept(nextFile(dataDir)), readKept(masterKeyFile(dataDir))];
  return texts.flatMap((text) => (text === undefined ? [] : bytesOf(text.trim())));
}

/** The next one takes the place of the kept one, which is gone with that. */
export const replaceMasterKey = (dataDir: string): void =>
  moveKept(nextFile(dataDir), masterKeyFile(dataDir));
