// Which files hold a text, byte by byte, whatever wrote them and in whichever encoding.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface StoredFile {
  readonly path: string;
  readonly content: Buffer;
}

export function filesBelow(dir: string): StoredFile[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, content: contentOf(path) }));
}

/** Where the text is found, as "<file> (<how it is written>)". */
export function filesWith(dir: string, text: string): string[] {
  return filesBelow(dir).flatMap(({ path, content }) =>
    writtenIn(content, text).map((how) => `${path} (${how})`),
  );
}

/** The encodings in which it holds the text; letters count in either case, as values are compared in lower case. */
export function writtenIn(content: Buffer, text: string): string[] {
  const bytes = content.toString("latin1");
  const lower = bytes.toLowerCase();
  const found = Object.entries(plain(text)).flatMap(([how, one]) =>
    lower.includes(one.toString("latin1").toLowerCase()) ? [how] : [],
  );
  const isEncoded = [text, text.toLowerCase()].flatMap(inBase64).some((one) => bytes.includes(one));
  return isEncoded ? [...found, "base64"] : found;
}

function plain(text: string): Record<string, Buffer> {
  const escaped = text.replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const encodings = {
    "UTF-8": Buffer.from(text),
    "UTF-16": Buffer.from(text, "utf16le"),
    "escaped JSON": Buffer.from(escaped),
    URL: Buffer.from(encodeURIComponent(text)),
    hex: Buffer.from(Buffer.from(text).toString("hex")),
  };
  return encodings;
}

/** It may begin at each of the three places within a group; what shares a group with its neighbours is left out. */
function inBase64(text: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const whole = bytes.subarray(offset === 0 ? 0 : 3, bytes.length - (bytes.length % 3));
    return [whole.toString("base64"), whole.toString("base64url")];
  });
}

/** Files come and go while their owner runs. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
