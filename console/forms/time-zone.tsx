import { useId } from "react";
import { Field } from "../ui/field.tsx";
import { type FieldProps, useForm } from "./form-context.ts";
import { titleOf } from "./json-schema.ts";

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** Any that there is, by its name. */
export function TimeZone({ name, path, schema, value, onChange }: FieldProps) {
  const list = useId();
  const { errors } = useForm();
  return (
    <>
      <Field
        label={titleOf(name, schema)}
        list={list}
        error={errors.at(path)}
        placeholder="Europe/Berlin"
        autoComplete="off"
        spellCheck={false}
        value={typeof value === "string" ? value : ""}
        onChange={({ target }) => onChange(target.value)}
      />
      <datalist id={list}>
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
