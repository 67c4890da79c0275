import { Badge, type Tone } from "../ui/badge.tsx";
import type { Change } from "./draft.ts";
import { ruleInWords } from "./in-words.ts";

const tones: Readonly<Record<Change["change"], Tone>> = {
  added: "good",
  changed: "accent",
  removed: "bad",
  moved: "idle",
};

/** What differs, rule by rule, in words where the words differ. */
export function ChangesList({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="muted">Nothing differs.</p>;
  return (
    <ul className="changes">
      {changes.map((change) => (
        <li key={change.rule}>
          <Badge tone={tones[change.change]}>{change.change}</Badge>{" "}
          <strong className="break">{change.after?.name ?? change.before?.name ?? change.rule}</strong>
          <Details change={change} />
        </li>
      ))}
    </ul>
  );
}

function Details({ change: { before, after } }: { readonly change: Change }) {
  if (before === undefined || after === undefined) {
    const only = after ?? before;
    return only === undefined ? null : <p className="muted small break">{ruleInWords(only)}</p>;
  }
  const lines: (readonly [string, string, string])[] = [];
  const differ = (what: string, was: string, is: string): void => {
    if (was !== is) lines.push([what, was, is]);
  };
  differ("name", before.name, after.name);
  differ("priority", String(before.priority), String(after.priority));
  differ("in use", before.enabled ? "yes" : "no", after.enabled ? "yes" : "no");
  differ("rule", ruleInWords(before), ruleInWords(after));
  return (
    <>
      {lines.map(([what, was, is]) => (
        <p key={what} className="small break">
          <span className="muted">{`${what}: `}</span>
          <del>{was}</del> → <ins>{is}</ins>
        </p>
      ))}
      {lines.length === 0 && <p className="muted small">its conditions are written differently</p>}
    </>
  );
}
