// The rules in the order in which they are asked. The order is changed by dragging a row's handle, or with the arrow keys on it.
import { type DragEvent, type KeyboardEvent, useState } from "react";
import type { Rule } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { inOrder, moved } from "./draft.ts";
import { ruleInWords } from "./in-words.ts";

interface Props {
  readonly rules: readonly Rule[];
  /** How each rule differs from what is in force. */
  readonly marks: ReadonlyMap<string, string>;
  readonly mayChange: boolean;
  readonly highlighted: string;
  readonly onChange: (rules: readonly Rule[]) => void;
  readonly onEdit: (rule: Rule) => void;
}

export function RuleTable({ rules, marks, mayChange, highlighted, onChange, onEdit }: Props) {
  const [dragged, setDragged] = useState<string>();
  const [over, setOver] = useState<number>();
  const [said, setSaid] = useState("");
  const ordered = inOrder(rules);

  function move(rule: Rule, to: number): void {
    if (to < 0 || to >= ordered.length) return;
    onChange(moved(rules, rule.id, to));
    setSaid(`${rule.name} is now number ${to + 1} of ${ordered.length}`);
  }

  function onKey(event: KeyboardEvent, rule: Rule, at: number): void {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    move(rule, event.key === "ArrowUp" ? at - 1 : at + 1);
  }

  function drop(event: DragEvent, to: number): void {
    event.preventDefault();
    const rule = ordered.find(({ id }) => id === dragged);
    setDragged(undefined);
    setOver(undefined);
    if (rule !== undefined) move(rule, to);
  }

  return (
    <>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <table className="table rule-table">
        <thead>
          <tr>
            {mayChange && (
              <th scope="col">
                <span className="visually-hidden">Order</span>
              </th>
            )}
            <th scope="col" className="number">
              Priority
            </th>
            <th scope="col">Rule</th>
            {mayChange && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {ordered.map((rule, at) => (
            <tr
              key={rule.id}
              data-rule={rule.id}
              data-over={over === at || undefined}
              data-dragged={dragged === rule.id || undefined}
              data-highlighted={highlighted === rule.id || undefined}
              onDragOver={(event) => {
                if (dragged === undefined) return;
                event.preventDefault();
                setOver(at);
              }}
              onDrop={(event) => drop(event, at)}
            >
              {mayChange && (
                <td className="rule-handle-cell">
                  <button
                    type="button"
                    className="rule-handle"
                    draggable
                    aria-label={`Move ${rule.name}, number ${at + 1} of ${ordered.length}, with the arrow keys`}
                    title="Drag, or press the arrow keys"
                    onKeyDown={(event) => onKey(event, rule, at)}
                    onDragStart={(event) => {
                      event.dataTransfer.effectAllowed = "move";
                      event.dataTransfer.setData("text/plain", rule.id);
                      setDragged(rule.id);
                    }}
                    onDragEnd={() => {
                      setDragged(undefined);
                      setOver(undefined);
                    }}
                  >
                    <svg viewBox="0 0 10 16" width="10" height="16" aria-hidden="true">
                      <path d="M2 2h2v2H2zM6 2h2v2H6zM2 7h2v2H2zM6 7h2v2H6zM2 12h2v2H2zM6 12h2v2H6z" />
                    </svg>
                  </button>
                </td>
              )}
              <td className="number muted rule-priority">
                <span className="rule-priority-label">Priority </span>
                {rule.priority}
              </td>
              <td className="rule-cell">
                <strong id={`rule-${rule.id}`} className="break">
                  {rule.name}
                </strong>{" "}
                {!rule.enabled && <Badge tone="idle">off</Badge>}{" "}
                {marks.has(rule.id) && <Badge tone="accent">{marks.get(rule.id) ?? ""}</Badge>}
                <p className="muted break">
                  {ruleInWords(rule, { comesAfter: ordered.slice(0, at).some(({ enabled }) => enabled) })}
                </p>
              </td>
              {mayChange && (
                <td className="rule-actions">
                  <div className="buttons">
                    <Button size="small" aria-describedby={`rule-${rule.id}`} onClick={() => onEdit(rule)}>
                      Edit
                    </Button>
                    <Button
                      size="small"
                      aria-describedby={`rule-${rule.id}`}
                      onClick={() =>
                        onChange(
                          rules.map((one) => (one.id === rule.id ? { ...one, enabled: !one.enabled } : one)),
                        )
                      }
                    >
                      {rule.enabled ? "Switch off" : "Switch on"}
                    </Button>
                    <Button
                      size="small"
                      kind="danger"
                      aria-describedby={`rule-${rule.id}`}
                      onClick={() => onChange(rules.filter(({ id }) => id !== rule.id))}
                    >
                      Remove
                    </Button>
                  </div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
