import { Link } from "wouter";
import type { Decision } from "../api/shapes.ts";
import { becauseInWords } from "../rules/in-words.ts";
import { Badge } from "../ui/badge.tsx";
import { counted } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { laterInWords, predicateMetInWords, whyNotInWords } from "./why-words.ts";

/** Every rule with what decided about it, and why no other partner has it. */
export function WhyHere({ decision }: { readonly decision: Decision }) {
  const { explanation, later = [], others, partner, decided_at, recorded } = decision;
  if (decided_at === null) return <p className="muted">Nothing is decided yet.</p>;
  return (
    <div className="stack">
      <p>
        <WhatDecided decision={decision} />
        {partner !== null && (
          <>
            ; it is with <strong>{partner}</strong>
          </>
        )}
        .
      </p>
      <RulesMade decision={decision} />
      {!recorded && (
        <p className="muted small">
          It was decided before all facts were recorded, so this is as far as it is known.
        </p>
      )}
      <h3>Rules, in the order they were asked</h3>
      <ol className="why">
        {explanation.map((verdict) => (
          <li key={verdict.rule}>
            <div>
              <RuleName {...verdict} />{" "}
              <Badge tone={verdict.matched ? "good" : "idle"}>
                {verdict.matched ? "matched" : "no match"}
              </Badge>
            </div>
            <Predicates verdict={verdict} />
          </li>
        ))}
      </ol>
      {later.length > 0 && (
        <details open={later.length <= MAX_OPEN}>
          <summary>{`${counted(later.length, "rule")} behind it, not asked`}</summary>
          <ol className="why">
            {later.map((verdict) => (
              <li key={verdict.rule}>
                <RuleName {...verdict} />
                <p className="muted small break">{laterInWords(verdict)}</p>
              </li>
            ))}
          </ol>
        </details>
      )}
      <h3>Why no other partner</h3>
      <ul className="why">
        {others.map((other) => (
          <li key={other.partner}>
            <strong className="break">{other.partner}</strong>
            <p className="muted small break">{whyNotInWords(other, [...explanation, ...later])}</p>
          </li>
        ))}
        {others.length === 0 && <li className="muted">There was no other partner.</li>}
      </ul>
    </div>
  );
}

/** A longer list is opened by hand. */
const MAX_OPEN = 10;

function WhatDecided({ decision: { rule, explanation } }: { readonly decision: Decision }) {
  if (rule === null) return "No rule matched it";
  const name = explanation.find((one) => one.rule === rule)?.name;
  return (
    <>
      The rule <Link href={`/rules?rule=${rule}`}>{name ?? rule}</Link>
      {name !== undefined && name !== rule && <span className="muted">{` (${rule})`}</span>} decided
    </>
  );
}

/** The version of the rules, and who made it, when and why. */
function RulesMade({ decision: { rules_version, rules_made } }: { readonly decision: Decision }) {
  return (
    <p className="muted small break">
      <Link href="/rules?tab=history">{`Version ${rules_version} of the rules`}</Link>
      {rules_made !== undefined && (
        <>
          {`, made by ${rules_made.by}, `}
          <Time at={rules_made.at} both />
          {rules_made.reason !== undefined && `: ${rules_made.reason}`}
        </>
      )}
    </p>
  );
}

function RuleName({ rule, name = rule }: { readonly rule: string; readonly name?: string | undefined }) {
  return (
    <>
      <span className="break">{name}</span>
      {name !== rule && <span className="muted small break">{` ${rule}`}</span>}
    </>
  );
}

function Predicates({
  verdict: { because, predicates = [] },
}: {
  readonly verdict: Decision["explanation"][number];
}) {
  if (predicates.length === 0) return <p className="muted small break">{becauseInWords(because)}</p>;
  return (
    <ul className="muted small break">
      {predicates.map((one, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a rule may ask the same twice, and its order never changes.
        <li key={n}>{predicateMetInWords(one)}</li>
      ))}
    </ul>
  );
}
