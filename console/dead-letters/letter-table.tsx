import { Link } from "wouter";
import type { DeadLetter } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";

interface Props {
  readonly letters: readonly DeadLetter[];
  readonly mayMove: boolean;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly onResolve: (letter: DeadLetter) => void;
}

export function LetterTable({ letters, mayMove, selected, onSelect, onResolve }: Props) {
  function toggle(id: string): void {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  }
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          {mayMove && (
            <th scope="col">
              <span className="visually-hidden">Selected</span>
            </th>
          )}
          <th scope="col">Cause</th>
          <th scope="col">Stage</th>
          <th scope="col">Partner</th>
          <th scope="col" className="number">
            Attempts
          </th>
          <th scope="col">Since</th>
          <th scope="col">Lead</th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <tr key={letter.id}>
            {mayMove && (
              <td className="letter-select">
                <input
                  type="checkbox"
                  aria-label={`Select ${letter.id.slice(0, 8)}`}
                  checked={selected.has(letter.id)}
                  onChange={() => toggle(letter.id)}
                />
              </td>
            )}
            <th scope="row" className="letter-cause break">
              {worded(letter.reason)}
              {letter.detail !== undefined && <span className="muted small"> {letter.detail}</span>}
              {letter.in_doubt && <Badge tone="warn">in doubt</Badge>}
              {letter.moving && <Badge tone="accent">moving</Badge>}
              {letter.in_doubt && mayMove && (
                <Button size="small" kind="quiet" onClick={() => onResolve(letter)}>
                  Resolve
                </Button>
              )}
            </th>
            <td data-label="Stage">{letter.stage}</td>
            <td data-label="Partner" className="break">
              {letter.partner ?? ""}
            </td>
            <td data-label="Attempts" className="number">
              {letter.attempts}
            </td>
            <td data-label="Since">
              <Time at={letter.at} />
            </td>
            <td data-label="Lead">
              {letter.lead_id !== undefined && (
                <Link href={`/leads/${letter.lead_id}`} className="mono">
                  {letter.lead_id.slice(0, 8)}
                </Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
