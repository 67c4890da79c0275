// Mutations of requests; the same seed gives the same ones.

/** Another seed gives others. */
let state = Number(process.env.FUZZ_SEED ?? 20_260_101);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (bound: number): number => Math.floor(random() * bound);
export const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
export const chance = (share: number): boolean => random() < share;

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  2 ** 53,
  "",
  " ",
  "\u0000",
  "\ud800",
  "a".repeat(20_000),
  "\u202e",
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  { constructor: { prototype: {} } },
  { $gt: "" },
  "' or 1=1 --",
  "{{email}}",
  "../../etc/passwd",
  "١٢٣",
  "+1",
  "@",
];
const oddKeys = [
  "__proto__",
  "constructor",
  "x".repeat(300),
  "email",
  "",
  "phone",
  "type",
  "data",
  "toString",
];

/** Somewhere in it, something else. */
export function mutated(value: unknown): unknown {
  if (chance(0.25) || typeof value !== "object" || value === null) return pick(oddValues);
  if (Array.isArray(value))
    return value.length === 0 ? [pick(oddValues)] : value.map((one) => (chance(0.5) ? mutated(one) : one));
  const entries = Object.entries(value);
  if (chance(0.2)) entries.push([pick(oddKeys), pick(oddValues)]);
  const at = below(entries.length);
  return Object.fromEntries(entries.map(([key, one], index) => [key, index === at ? mutated(one) : one]));
}

/** JSON that JSON.stringify would never write. */
export function misshapen(text: string): string {
  const at = below(text.length + 1);
  return pick([
    () => `${text.slice(0, at)}${text.slice(at + 1 + below(5))}`,
    () =>
      `${text.slice(0, at)}${pick(['"', "{", "}", "[", ",", ":", "\\u00", "\\ud83d", "1e999", "-", "\u0000"])}${text.slice(at)}`,
    () => text.replace("{", `{"__proto__":{"a":1},`),
    () => text.replace("{", `{"a":${"[".repeat(below(200))}`),
    () => text.replace("{", `{"n":${"9".repeat(below(400))},`),
    () => text.replace("{", `{"a":${'{"a":'.repeat(50)}1${"}".repeat(50)},`),
    () => text.replace("{", `{${Array.from({ length: 11_000 }, (_, key) => `"${key}":0,`).join("")}`),
    () => `${pick(["\ufeff", " \t\r\n", "/**/", ")]}'\n"])}${text}${pick(["", " ", "\u0000", text])}`,
  ])();
}

export function mangled(text: string): Buffer {
  const bytes = Buffer.from(text);
  for (let at = below(4); at > 0 && bytes.length > 0; at -= 1) bytes[below(bytes.length)] = below(256);
  return chance(0.2) ? bytes.subarray(0, below(bytes.length + 1)) : bytes;
}

export type HeaderList = (readonly [name: string, value: string])[];

const oddHeaderValues = [
  "",
  " ",
  "x",
  "v1,",
  `v1,${"A".repeat(5_000)}`,
  "v1,a ".repeat(40).trim(),
  "sha256=",
  "demo, demo",
  "application/cloudevents+json",
  "application/x-ndjson",
  "application/json; charset=utf-16",
  "application/json; charset",
  "9".repeat(30),
  "-1",
  "text/html",
  "%",
  "%E0%A4%A",
  "\u00ff\u00fe",
];
const otherHeaders: HeaderList = [
  ["prefer", "wait=0"],
  ["prefer", "wait=x, wait="],
  ["traceparent", "00-x"],
  ["traceparent", `00-${"f".repeat(32)}-${"f".repeat(16)}-01`],
  ["content-encoding", "gzip"],
  ["expect", "100-continue"],
  ["ce-specversion", "1.0"],
  ["ce-id", "%00"],
  ["x-forwarded-for", "127.0.0.1"],
  ["x-source", "__proto__"],
  ["cookie", "a=b"],
  ["authorization", "Bearer x"],
];

/** One of them gone, twice there, in other letters or with another value; or one more. */
export function mutatedHeaders(headers: HeaderList): HeaderList {
  const at = below(headers.length);
  const [name = "x", value = ""] = headers[at] ?? [];
  const others = headers.filter((_, index) => index !== at);
  return pick<() => HeaderList>([
    () => others,
    () => [...headers, [name, value]],
    () => [...others, [name.toUpperCase(), value]],
    () => [...others, [name, pick(oddHeaderValues)]],
    () => [...others, [name, value.slice(0, below(value.length + 1))]],
    () => [...headers, pick(otherHeaders)],
  ])();
}
