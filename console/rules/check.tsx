// What people would not see in a set of rules, each with a submission that shows it.
import type { ReactNode } from "react";
import type { Findings } from "../api/shapes.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";
import { Card, numbers } from "../ui/page.tsx";
import { Witness } from "./witness.tsx";

interface Props {
  readonly findings: Findings;
  readonly nameOf: (id: string) => string;
  /** Undefined for who may not change any. */
  readonly onEdit: ((rule: string) => void) | undefined;
  readonly onClose: () => void;
}

interface Finding {
  readonly key: string;
  readonly tone: Tone;
  readonly kind: string;
  readonly text: string;
  readonly more?: ReactNode;
  /** The rules that could be changed to mend it. */
  readonly rules?: readonly string[];
}

function listOf(
  { conflicts, duplicates, shadowed, impossible, gaps, gave_up, unknown_fields }: Findings,
  nameOf: Props["nameOf"],
): Finding[] {
  const named = (ids: readonly string[]): string => ids.map((id) => `“${nameOf(id)}”`).join(" and ");
  return [
    ...conflicts.map(({ rules, witness }) => ({
      key: `conflict ${rules.join(" ")}`,
      tone: "bad" as const,
      kind: "conflict",
      text: `${named(rules)} have the same priority, match the same submission, and lead elsewhere.`,
      more: <Witness witness={witness} />,
      rules,
    })),
    ...duplicates.map(({ rules, witness }) => ({
      key: `duplicate ${rules.join(" ")}`,
      tone: "warn" as const,
      kind: "duplicate",
      text: `${named(rules)} match exactly the same submissions; the earlier one decides.`,
      more: <Witness witness={witness} />,
      rules,
    })),
    ...shadowed.map(({ rule, by, witness }) => ({
      key: `shadowed ${rule}`,
      tone: "warn" as const,
      kind: "never reached",
      text: `${named([rule])} never decides: ${named(by)} ${by.length === 1 ? "comes before and takes" : "come before and take"} all of it.`,
      more: <Witness witness={witness} />,
      rules: [rule],
    })),
    ...impossible.map(({ rule, because }) => ({
      key: `impossible ${rule}`,
      tone: "warn" as const,
      kind: "impossible",
      text: `${named([rule])} can match nothing.`,
      more: <pre>{JSON.stringify(because, null, 2)}</pre>,
      rules: [rule],
    })),
    ...unknown_fields.map(({ field, rules, did_you_mean, submissions }) => ({
      key: `unknown ${field}`,
      tone: "accent" as const,
      kind: "unknown field",
      text: `${noneHad(submissions)} the field ${field}${did_you_mean === undefined ? "." : `; did you mean ${did_you_mean}?`}`,
      rules,
    })),
    ...gaps.map(({ witness }, n) => ({
      key: `gap ${n}`,
      tone: "accent" as const,
      kind: "gap",
      text: "No rule takes submissions like this one; they end unrouted.",
      more: <Witness witness={witness} />,
    })),
    ...gave_up.map(({ what, because }) => ({
      key: `gave up ${what}`,
      tone: "idle" as const,
      kind: "not checked",
      text: `${what}: ${because}`,
    })),
  ];
}

const noneHad = (submissions: number): string =>
  submissions < 2
    ? "No submission so far has"
    : `None of the newest ${numbers.format(submissions)} submissions has`;

export function CheckResult({ findings, nameOf, onEdit, onClose }: Props) {
  const list = listOf(findings, nameOf);
  const hasConflicts = findings.conflicts.length > 0;
  return (
    <Card
      title="Check"
      actions={
        <Button size="small" onClick={onClose}>
          Close
        </Button>
      }
    >
      {hasConflicts && (
        <p className="check-lead" role="status">
          Rules that conflict need a tick to be published. To mend a conflict, give one of them another
          priority or other conditions.
        </p>
      )}
      {list.length === 0 ? (
        <Notice tone="good" title="Nothing found">
          <p>
            No conflicts, no duplicates, no rule that is never reached, no field that nobody knows, and no
            gap.
          </p>
        </Notice>
      ) : (
        <ul className="findings" aria-label="What was found">
          {list.map(({ key, tone, kind, text, more, rules = [] }) => (
            <li key={key}>
              <Badge tone={tone}>{kind}</Badge>
              <div>
                <p className="break">{text}</p>
                {more}
                {onEdit !== undefined && rules.length > 0 && (
                  <div className="buttons finding-buttons">
                    {rules.map((rule) => (
                      <Button key={rule} size="small" className="break" onClick={() => onEdit(rule)}>
                        {`Edit “${nameOf(rule)}”`}
                      </Button>
                    ))}
                  </div>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
