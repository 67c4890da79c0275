import { Link } from "wouter";
import type { Decision } from "../api/shapes.ts";
import { becauseInWords } from "../rules/in-words.ts";
import { Badge } from "../ui/badge.tsx";

/** Every rule that was tried with what decided it, and why no other partner has it. */
export function WhyHere({ decision }: { readonly decision: Decision }) {
  const { explanation, others, rule, partner, rules_version, decided_at, recorded } = decision;
  if (decided_at === null) return <p className="muted">Nothing is decided yet.</p>;
  return (
    <div className="stack">
      <p>
        {rule === null ? (
          "No rule matched it"
        ) : (
          <>
            The rule <Link href={`/rules?rule=${rule}`}>{rule}</Link> decided
          </>
        )}
        {`, in version ${rules_version} of the rules`}
        {partner !== null && (
          <>
            ; it is with <strong>{partner}</strong>
          </>
        )}
        .
      </p>
      {!recorded && (
        <p className="muted small">
          It was decided before all facts were recorded, so this is as far as it is known.
        </p>
      )}
      <h3>Rules, in the order they were asked</h3>
      <ol className="why">
        {explanation.map(({ rule: id, matched, because }) => (
          <li key={id}>
            <div>
              <span className="break">{id}</span>{" "}
              <Badge tone={matched ? "good" : "idle"}>{matched ? "matched" : "no match"}</Badge>
            </div>
            <p className="muted small break">{becauseInWords(because)}</p>
          </li>
        ))}
      </ol>
      <h3>Why no other partner</h3>
      <ul className="why">
        {others.map((other) => (
          <li key={other.partner}>
            <strong className="break">{other.partner}</strong>
            <p className="muted small break">{whyNotInWords(other)}</p>
          </li>
        ))}
        {others.length === 0 && <li className="muted">There was no other partner.</li>}
      </ul>
    </div>
  );
}

function whyNotInWords(other: Decision["others"][number]): string {
  switch (other.reason) {
    case "no_rule_routes_to_it":
      return "no rule routes to it";
    case "its_rules_did_not_match":
      return "its rules did not match";
    case "an_earlier_rule_decided":
      return `the rule ${String(other.decided_by)} comes before ${String(other.rule)}`;
    case "later_in_the_waterfall":
      return `it comes later in the waterfall, at place ${String(other.position)}`;
    case "another_share_of_the_split":
      return `it has another share of the split, with weight ${String(other.weight)}`;
    case "was_not_open":
      return `it was not open: ${String(other.state).replaceAll("_", " ")}`;
    case "the_service_chose_another":
      return `the service ${String(other.service)} chose another`;
    case "its_turn_is_over":
      return `its turn is over${other.because === null || other.because === undefined ? "" : `: ${String(other.because).replaceAll("_", " ")}`}`;
    default:
      return other.reason.replaceAll("_", " ");
  }
}
