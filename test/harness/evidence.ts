// What the parts of a test have said lately: shown when the test's process fails, else forgotten.

const MOST_CHARACTERS = 20_000;
const kept = new Map<string, string>();

let failed = false;
let isShown = true;

// First of all who listen, because the embedded PostgreSQL ends the process with a code of its own.
process.prependListener("beforeExit", () => {
  failed ||= Boolean(process.exitCode);
});
process.once("exit", (code) => {
  if (!isShown) return;
  if (!failed && code === 0 && !process.exitCode) return;
  for (const [name, text] of kept) process.stderr.write(`\n---- ${name} said lately\n${text}\n`);
});
// Told to end because it hangs: what was said is wanted then above all.
process.once("SIGTERM", () => process.exit(1));

/** Keeps what `name` says from now on; the second of the same name is told apart by a number. */
export function evidenceOf(name: string): (said: string | Uint8Array) => void {
  const own = kept.has(name) ? `${name} (${kept.size + 1})` : name;
  kept.set(own, "");
  return (said) => {
    const text = typeof said === "string" ? said : Buffer.from(said).toString();
    kept.set(own, `${kept.get(own)}${text}`.slice(-MOST_CHARACTERS));
  };
}

/** What all of them have said lately. */
export const saidLately = (): string => [...kept.values()].join("\n");

/** For whoever puts it elsewhere: it is not shown when the process fails. */
export function keepEvidenceToOurselves(): void {
  isShown = false;
}
