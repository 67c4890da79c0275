// Fields that there may be several of: texts, names with values, and groups.
import { type ReactNode, useState } from "react";
import { Button } from "../ui/button.tsx";
import { Checkbox, Field } from "../ui/field.tsx";
import { below } from "./field-errors.ts";
import { type FieldProps, useForm } from "./form-context.ts";
import {
  asText,
  type Fields,
  fromText,
  HIDDEN,
  initialOf,
  type JsonSchema,
  shapeOf,
  titleOf,
} from "./json-schema.ts";

interface AnyValueProps {
  readonly label: string;
  readonly error: string | undefined;
  readonly value: unknown;
  readonly hint?: string;
  readonly onChange: (value: unknown) => void;
}

/** A text, or anything else as JSON; it stays as it was typed while it means the same. */
export function AnyValue({ label, error, value, hint, onChange }: AnyValueProps) {
  const [typed, setTyped] = useState(asText(value));
  const isSame = JSON.stringify(fromText(typed)) === JSON.stringify(value);
  return (
    <Field
      label={label}
      error={error}
      {...(hint !== undefined && { hint })}
      value={isSame ? typed : asText(value)}
      autoComplete="off"
      spellCheck={false}
      onChange={({ target }) => {
        setTyped(target.value);
        onChange(fromText(target.value));
      }}
    />
  );
}

const parts = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** Boxes to tick where the schema names what there is, else a line with commas. */
export function Texts({
  name,
  path,
  schema,
  isRequired,
  value,
  onChange,
  options,
}: FieldProps & { readonly options: readonly string[] }) {
  const { errors } = useForm();
  const all = Array.isArray(value) ? value.map(String) : [];
  const [typed, setTyped] = useState(all.join(", "));
  const change = (next: readonly string[]): void =>
    onChange(next.length === 0 && !isRequired ? undefined : next);
  const label = titleOf(name, schema);
  if (options.length > 0) {
    const error = errors.within(path);
    return (
      <fieldset className="form-ticks form-wide">
        <legend>{label}</legend>
        {[...options, ...all.filter((one) => !options.includes(one))].map((one) => (
          <Checkbox
            key={one}
            label={one}
            checked={all.includes(one)}
            onChange={({ target }) =>
              change(
                target.checked
                  ? options.filter((option) => option === one || all.includes(option))
                  : all.filter((other) => other !== one),
              )
            }
          />
        ))}
        {error !== undefined && <p className="field-error">{error}</p>}
      </fieldset>
    );
  }
  const isSame = JSON.stringify(parts(typed)) === JSON.stringify(all);
  return (
    <Field
      label={label}
      error={errors.within(path)}
      hint={schema.description ?? "Separated by commas"}
      value={isSame ? typed : all.join(", ")}
      autoComplete="off"
      spellCheck={false}
      onChange={({ target }) => {
        setTyped(target.value);
        change(parts(target.value));
      }}
    />
  );
}

interface Row {
  readonly key: number;
  readonly name: string;
  readonly value: unknown;
}

let keys = 0;
const newRow = (name = "", value: unknown = ""): Row => {
  keys += 1;
  return { key: keys, name, value };
};
const rowsOf = (value: unknown): Row[] =>
  Object.entries((value ?? {}) as Fields).map(([name, one]) => newRow(name, one));
const mapped = (rows: readonly Row[]): Fields =>
  Object.fromEntries(rows.filter(({ name }) => name !== "").map(({ name, value }) => [name, value]));

/** Names with values, such as headers; a row without a name counts for nothing yet. */
export function Mapping({
  name,
  path,
  isRequired,
  value,
  onChange,
  values,
}: FieldProps & { readonly values: JsonSchema }) {
  const { schemas, errors } = useForm();
  const [rows, setRows] = useState(() => rowsOf(value));
  const isSame = JSON.stringify(mapped(rows)) === JSON.stringify(value ?? {});
  const shown = isSame ? rows : rowsOf(value);
  const isText = shapeOf(values, schemas).kind === "text";
  const what = name === "headers" ? "header" : "field";
  function change(next: readonly Row[]): void {
    setRows([...next]);
    const fields = mapped(next);
    onChange(Object.keys(fields).length === 0 && !isRequired ? undefined : fields);
  }
  const replace = (key: number, made: Partial<Row>): void =>
    change(shown.map((one) => (one.key === key ? { ...one, ...made } : one)));
  return (
    <div className="form-rows">
      {shown.map((row, n) => {
        const error = errors.within(below(path, row.name));
        return (
          <div key={row.key} className="form-row">
            <Field
              label={what === "header" ? "Header" : "Field"}
              value={row.name}
              autoComplete="off"
              spellCheck={false}
              onChange={({ target }) => replace(row.key, { name: target.value })}
            />
            {isText ? (
              <Field
                label="Value"
                error={error}
                {...(row.value === HIDDEN && { hint: `${HIDDEN} keeps what is stored` })}
                value={String(row.value)}
                autoComplete="off"
                spellCheck={false}
                onChange={({ target }) => replace(row.key, { value: target.value })}
              />
            ) : (
              <AnyValue
                label="Value"
                error={error}
                value={row.value}
                onChange={(next) => replace(row.key, { value: next })}
              />
            )}
            <Button
              size="small"
              kind="quiet"
              aria-label={`Remove ${what} ${n + 1}`}
              onClick={() => change(shown.filter(({ key }) => key !== row.key))}
            >
              Remove
            </Button>
          </div>
        );
      })}
      <div className="buttons">
        <Button size="small" onClick={() => change([...shown, newRow()])}>
          {`Add ${what}`}
        </Button>
      </div>
    </div>
  );
}

interface ListProps extends FieldProps {
  readonly items: JsonSchema;
  readonly children: (item: FieldProps) => ReactNode;
}

/** Groups one below the other. Which is which follows from the place, so nothing in them may keep a state of its own when one goes. */
export function ListOf({ name, path, value, onChange, items, children }: ListProps) {
  const { schemas } = useForm();
  const all = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const title = titleOf(name, items);
  return (
    <div className="form-rows">
      {all.map((one, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an item is known by its place, as in the errors of the API.
        <fieldset key={n} className="form-group">
          <legend>{`${title} ${n + 1}`}</legend>
          {children({
            name,
            path: below(path, n),
            schema: items,
            isRequired: true,
            value: one,
            onChange: (next) => onChange(all.map((other, at) => (at === n ? next : other))),
          })}
          <div className="buttons">
            <Button
              size="small"
              kind="quiet"
              aria-label={`Remove ${title.toLowerCase()} ${n + 1}`}
              onClick={() => onChange(all.filter((_, at) => at !== n))}
            >
              Remove
            </Button>
          </div>
        </fieldset>
      ))}
      <div className="buttons">
        <Button size="small" onClick={() => onChange([...all, initialOf(items, schemas)])}>
          {`Add ${title.toLowerCase()}`}
        </Button>
      </div>
    </div>
  );
}
