// The steps of a campaign: one below the other, each with the fields of its type and where it leads.
import { useQuery } from "@tanstack/react-query";
import { createContext, use, useState } from "react";
import { get } from "../api/client.ts";
import { usePartners } from "../api/queries.ts";
import type { Rule } from "../api/shapes.ts";
import { below } from "../forms/field-errors.ts";
import { type FieldProps, useForm } from "../forms/form-context.ts";
import { initialOf, type JsonSchema, resolved, titleOf } from "../forms/json-schema.ts";
import { Inside } from "../forms/schema-fields.tsx";
import { Conditions } from "../rules/conditions.tsx";
import { edited, problemsIn, written } from "../rules/editing.ts";
import { Button } from "../ui/button.tsx";
import { Select } from "../ui/field.tsx";
import { Ways } from "./flow.tsx";
import type { Step } from "./shapes.ts";
import { changed, idOf, moved, newId } from "./steps.ts";
import "../rules/rules.css";

const AllSteps = createContext<readonly unknown[]>([]);

const typeOf = (schema: JsonSchema): string => String(schema.properties?.type?.const ?? "");

export function Steps({ path, schema, value, onChange }: FieldProps) {
  const { schemas, errors } = useForm();
  const steps = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const one = resolved(schema.items ?? {}, schemas);
  const types = (one.oneOf ?? []).map((variant) => resolved(variant, schemas));
  const error = errors.at(path);
  function add(type: JsonSchema): void {
    const made = initialOf(type, schemas) as Step;
    onChange([...steps, { ...made, id: newId(steps, typeOf(type)) }]);
  }
  return (
    <div className="form-wide form-rows">
      <AllSteps value={steps}>
        {steps.map((step, n) => (
          <OneStep
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its place, as in the errors of the API.
            key={n}
            steps={steps}
            at={n}
            path={below(path, n)}
            schema={one}
            onStep={(next) => onChange(changed(steps, n, next))}
            onSteps={onChange}
          >
            {step}
          </OneStep>
        ))}
      </AllSteps>
      {error !== undefined && <p className="field-error">{error}</p>}
      <fieldset className="buttons steps-add">
        <legend className="small muted">Add a step</legend>
        {types.map((type) => (
          <Button key={typeOf(type)} size="small" onClick={() => add(type)}>
            {`Add ${typeOf(type)}`}
          </Button>
        ))}
      </fieldset>
    </div>
  );
}

interface OneStepProps {
  readonly steps: readonly unknown[];
  readonly at: number;
  readonly path: string;
  readonly schema: JsonSchema;
  readonly onStep: (step: unknown) => void;
  readonly onSteps: (steps: readonly unknown[]) => void;
  readonly children: unknown;
}

function OneStep({ steps, at, path, schema, onStep, onSteps, children: step }: OneStepProps) {
  const { errors } = useForm();
  const error = errors.at(path);
  const name = idOf(step) || `step ${at + 1}`;
  return (
    <fieldset className={`form-group flow-${(step as Step).type}`}>
      <legend>{`Step ${at + 1}`}</legend>
      <Inside name="type" path={path} schema={schema} isRequired value={step} onChange={onStep} />
      {error !== undefined && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
      <div className="step-foot">
        <Ways steps={steps as readonly Step[]} step={step as Step} />
        <div className="buttons">
          <Button
            size="small"
            disabled={at === 0}
            aria-label={`Move ${name} up`}
            onClick={() => onSteps(moved(steps, at, -1))}
          >
            ↑
          </Button>
          <Button
            size="small"
            disabled={at === steps.length - 1}
            aria-label={`Move ${name} down`}
            onClick={() => onSteps(moved(steps, at, 1))}
          >
            ↓
          </Button>
          <Button
            size="small"
            kind="quiet"
            aria-label={`Remove ${name}`}
            onClick={() => onSteps(steps.filter((_, n) => n !== at))}
          >
            Remove
          </Button>
        </div>
      </div>
    </fieldset>
  );
}

interface ChoiceProps extends FieldProps {
  readonly options: readonly string[];
  /** Of a field that may be missing, what that means. */
  readonly none: string;
}

/** One of what there is; what stands there stays to be seen, also where it is gone. */
function Choice({ name, path, schema, isRequired, value, onChange, options, none }: ChoiceProps) {
  const { errors } = useForm();
  const chosen = typeof value === "string" ? value : "";
  const all = chosen === "" || options.includes(chosen) ? options : [...options, chosen];
  return (
    <Select
      label={titleOf(name, schema)}
      error={errors.at(path)}
      value={chosen}
      onChange={({ target }) => onChange(target.value === "" && !isRequired ? undefined : target.value)}
    >
      <option value="">{isRequired ? "Choose one" : none}</option>
      {all.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </Select>
  );
}

export function StepChoice(props: FieldProps) {
  const ids = use(AllSteps).map(idOf);
  const none = props.name === "on_reply" ? "goes on waiting" : "the step below";
  return <Choice {...props} options={[...new Set(ids.filter((id) => id !== ""))]} none={none} />;
}

export function PartnerChoice(props: FieldProps) {
  const partners = usePartners().data ?? [];
  return <Choice {...props} options={partners.map(({ id }) => id)} none="none" />;
}

export function ServiceChoice(props: FieldProps) {
  const { data = [] } = useQuery({
    queryKey: ["analysis services"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly { readonly id: string }[] }>("/api/analysis-services", signal))
        .items,
  });
  return <Choice {...props} options={data.map(({ id }) => id)} none="none" />;
}

const EMPTY = { combinator: "and", rules: [] } as const;

/** As in rules, over the member, its sentiment and its reply. */
export function When({ path, value, onChange }: FieldProps) {
  const { errors } = useForm();
  const [group, setGroup] = useState(() => edited(groupOf(value)));
  const isSame = JSON.stringify(written(group)) === JSON.stringify(groupOf(value));
  const shown = isSame ? group : edited(groupOf(value));
  const error = errors.within(path);
  return (
    <div className="form-wide">
      <Conditions
        group={shown}
        problems={error === undefined ? new Map() : problemsIn(shown)}
        onChange={(next) => {
          setGroup(next);
          onChange(written(next));
        }}
      />
      <p className="field-hint">Over the fields of the member, sentiment and reply.</p>
      {error !== undefined && <p className="field-error">{error}</p>}
    </div>
  );
}

function groupOf(value: unknown): Rule["when"] {
  const isGroup = typeof value === "object" && value !== null && "rules" in value;
  return isGroup ? (value as Rule["when"]) : EMPTY;
}
