import { type FormEvent, useMemo, useState } from "react";
import type { Route, Rule } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Confirm, Frame } from "../ui/dialog.tsx";
import { Checkbox, Field } from "../ui/field.tsx";
import { Conditions } from "./conditions.tsx";
import { idFor, priorityForNew } from "./draft.ts";
import { edited, isComplete, newPredicate, problemsIn, written } from "./editing.ts";
import { ruleInWords } from "./in-words.ts";
import { RouteFields } from "./route-fields.tsx";

interface Props {
  /** Undefined for a new one. */
  readonly rule: Rule | undefined;
  readonly rules: readonly Rule[];
  readonly onSave: (rule: Rule) => void;
  readonly onClose: () => void;
}

export function RuleEditor({ rule, rules, onSave, onClose }: Props) {
  const [name, setName] = useState(rule?.name ?? "");
  const [priority, setPriority] = useState(String(rule?.priority ?? priorityForNew(rules)));
  const [isEnabled, setEnabled] = useState(rule?.enabled ?? true);
  const [group, setGroup] = useState(() =>
    rule === undefined
      ? { ...edited({ combinator: "and", rules: [] }), rules: [newPredicate()] }
      : edited(rule.when),
  );
  const [route, setRoute] = useState<Route>(rule?.route ?? { to: "" });
  const [isChecked, setChecked] = useState(false);
  const now = JSON.stringify([name, priority, isEnabled, group, route]);
  const [began] = useState(now);
  const [isLeaving, setLeaving] = useState(false);
  // What was typed is thrown away only on purpose.
  const leave = (): void => (now === began ? onClose() : setLeaving(true));

  const problems = useMemo(() => problemsIn(group), [group]);
  const nameError = name.trim() === "" ? "A rule needs a name" : undefined;
  const priorityError =
    priority.trim() === "" || !Number.isFinite(Number(priority))
      ? "A number; the lowest is asked first"
      : undefined;
  const routeError = isComplete(route) ? undefined : "Choose where it leads";
  const isGood = !nameError && !priorityError && !routeError && problems.size === 0;

  function save(event: FormEvent): void {
    event.preventDefault();
    setChecked(true);
    if (!isGood) return;
    onSave({
      id: rule?.id ?? idFor(name, rules),
      name: name.trim(),
      priority: Number(priority),
      enabled: isEnabled,
      when: written(group),
      route,
    });
  }

  return (
    <Frame title={rule === undefined ? "Add a rule" : `Edit ${rule.name}`} onClose={leave} wide>
      <form className="dialog-body" onSubmit={save} noValidate>
        <div className="rule-basics">
          <Field
            label="Name"
            value={name}
            autoFocus
            error={isChecked ? nameError : undefined}
            onChange={({ target }) => setName(target.value)}
          />
          <Field
            label="Priority"
            type="number"
            step="any"
            value={priority}
            hint="The lowest number that matches wins"
            error={isChecked ? priorityError : undefined}
            onChange={({ target }) => setPriority(target.value)}
          />
        </div>
        <Conditions group={group} problems={isChecked ? problems : NONE} onChange={setGroup} />
        <RouteFields route={route} error={isChecked ? routeError : undefined} onChange={setRoute} />
        <Checkbox label="In use" checked={isEnabled} onChange={({ target }) => setEnabled(target.checked)} />
        <p className="rule-words" aria-live="polite">
          {problems.size === 0 && isComplete(route)
            ? ruleInWords({ when: written(group), route })
            : "What the rule says stands here once it is complete."}
        </p>
        <div className="dialog-buttons">
          <Button onClick={leave}>Cancel</Button>
          <Button type="submit" kind="primary">
            Save
          </Button>
        </div>
      </form>
      {isLeaving && (
        <Confirm
          title="Throw away what you typed?"
          verb="Throw away"
          kind="danger"
          cancel="Go on writing"
          onConfirm={async () => onClose()}
          onClose={() => setLeaving(false)}
        >
          <p>The rule is not in your draft yet.</p>
        </Confirm>
      )}
    </Frame>
  );
}

const NONE: ReturnType<typeof problemsIn> = new Map();
