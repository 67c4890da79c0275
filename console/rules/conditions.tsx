// The conditions of a rule: groups in groups, each condition a field, an operator and a value.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { get } from "../api/client.ts";
import type { LeadPage } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Checkbox, Field, Select } from "../ui/field.tsx";
import {
  type EditedGroup,
  type EditedPredicate,
  isGroup,
  newGroup,
  newPredicate,
  type problemsIn,
} from "./editing.ts";
import { operatorInWords, operators } from "./in-words.ts";
import { shapeOf } from "./value.ts";

const ALWAYS = ["interest", "kind", "source", "topic", "country", "email", "phone", "person.lead_count"];

/** What the newest leads have, so that nobody has to guess how a field is written. */
function useFields(): readonly string[] {
  const { data } = useQuery({
    queryKey: ["fields of leads"],
    queryFn: ({ signal }) => get<LeadPage>("/api/leads?limit=50", signal),
    staleTime: 60_000,
  });
  const found = (data?.items ?? []).flatMap(({ payload }) =>
    typeof payload === "object" && payload !== null ? Object.keys(payload) : [],
  );
  return [...new Set([...ALWAYS, ...found])].sort();
}

interface Props {
  readonly group: EditedGroup;
  readonly problems: ReturnType<typeof problemsIn>;
  readonly onChange: (group: EditedGroup) => void;
}

export function Conditions(props: Props) {
  const list = useId();
  return (
    <>
      <datalist id={list}>
        {useFields().map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      <GroupFields {...props} list={list} name="Conditions" />
    </>
  );
}

interface GroupProps extends Props {
  readonly list: string;
  readonly name: string;
  readonly onRemove?: () => void;
}

function GroupFields({ group, problems, onChange, list, name, onRemove }: GroupProps) {
  const { combinator, not, rules } = group;
  const replace = (key: number, next: EditedPredicate | EditedGroup | undefined): void =>
    onChange({
      ...group,
      rules: rules.flatMap((one) => (one.key !== key ? [one] : next === undefined ? [] : [next])),
    });
  const fields = useRef<HTMLFieldSetElement>(null);
  const [added, setAdded] = useState<number>();
  // What was added is written next.
  useEffect(() => {
    if (added === undefined) return;
    fields.current?.querySelector<HTMLElement>(`:scope > [data-key="${added}"] input`)?.focus();
  }, [added]);
  function add(one: EditedPredicate | EditedGroup): void {
    onChange({ ...group, rules: [...rules, one] });
    setAdded(one.key);
  }
  return (
    <fieldset ref={fields} className="condition-group" data-key={group.key}>
      <legend>{name}</legend>
      {rules.length === 0 && <p className="muted small">Without a condition, every submission matches.</p>}
      {(rules.length > 1 || not) && (
        <div className="buttons condition-match">
          <Select
            label="Match"
            value={combinator}
            onChange={({ target }) => onChange({ ...group, combinator: target.value as "and" | "or" })}
          >
            <option value="and">all of these</option>
            <option value="or">any of these</option>
          </Select>
          <Checkbox
            label="The opposite"
            checked={not}
            onChange={({ target }) => onChange({ ...group, not: target.checked })}
          />
        </div>
      )}
      {rules.map((one, n) =>
        isGroup(one) ? (
          <GroupFields
            key={one.key}
            group={one}
            problems={problems}
            list={list}
            name={`Group ${n + 1}`}
            onChange={(next) => replace(one.key, next)}
            onRemove={() => replace(one.key, undefined)}
          />
        ) : (
          <PredicateFields
            key={one.key}
            predicate={one}
            problem={problems.get(one.key)}
            list={list}
            number={n + 1}
            onChange={(next) => replace(one.key, next)}
            onRemove={() => replace(one.key, undefined)}
          />
        ),
      )}
      <div className="buttons">
        <Button size="small" onClick={() => add(newPredicate())}>
          Add condition
        </Button>
        <Button size="small" onClick={() => add(newGroup())}>
          Add group
        </Button>
        {onRemove && (
          <Button size="small" kind="quiet" onClick={onRemove}>
            Remove group
          </Button>
        )}
      </div>
    </fieldset>
  );
}

interface PredicateProps {
  readonly predicate: EditedPredicate;
  readonly problem: { readonly field?: string; readonly value?: string } | undefined;
  readonly list: string;
  readonly number: number;
  readonly onChange: (predicate: EditedPredicate) => void;
  readonly onRemove: () => void;
}

const hints = {
  none: undefined,
  one: undefined,
  list: "Separated by commas",
  two: "Lowest, highest",
} as const;

function PredicateFields({ predicate, problem, list, number, onChange, onRemove }: PredicateProps) {
  const { field, operator, text } = predicate;
  const shape = shapeOf(operator);
  return (
    <div className="condition" data-key={predicate.key}>
      <Field
        label="Field"
        list={list}
        value={field}
        error={problem?.field}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => onChange({ ...predicate, field: target.value })}
      />
      <Select
        label="Operator"
        value={operator}
        onChange={({ target }) => onChange({ ...predicate, operator: target.value })}
      >
        {operators.map((one) => (
          <option key={one} value={one}>
            {operatorInWords(one)}
          </option>
        ))}
      </Select>
      {shape !== "none" && (
        <Field
          label="Value"
          value={text}
          hint={hints[shape]}
          error={problem?.value}
          autoComplete="off"
          onChange={({ target }) => onChange({ ...predicate, text: target.value })}
        />
      )}
      <Button
        size="small"
        kind="quiet"
        className="condition-remove"
        aria-label={`Remove condition ${number}`}
        onClick={onRemove}
      >
        Remove
      </Button>
    </div>
  );
}
