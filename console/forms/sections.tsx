// A long form in parts that are opened where they are needed.
import { useState } from "react";
import { below, type FieldErrors } from "./field-errors.ts";
import { useForm } from "./form-context.ts";
import type { Fields, JsonSchema } from "./json-schema.ts";
import { SchemaFields } from "./schema-fields.tsx";

export interface Section {
  readonly title: string;
  readonly names: readonly string[];
  readonly isOpen?: boolean;
}

interface Props {
  readonly schema: JsonSchema;
  readonly sections: readonly Section[];
  readonly value: Fields;
  readonly onChange: (value: Fields) => void;
}

export function Sections({ schema, sections, value, onChange }: Props) {
  const named = new Set(sections.flatMap(({ names }) => names));
  // Whatever the API learns to take is here, whether or not somebody has thought of a place for it.
  const others = Object.keys(schema.properties ?? {}).filter(
    (name) => !named.has(name) && schema.properties?.[name]?.readOnly !== true,
  );
  const all = others.length === 0 ? sections : [...sections, { title: "More", names: others }];
  return (
    <div className="form-sections">
      {all.map((section) => (
        <OneSection key={section.title} section={section} schema={schema} value={value} onChange={onChange} />
      ))}
    </div>
  );
}

const hasErrors = (names: readonly string[], errors: FieldErrors): boolean =>
  names.some((name) => errors.has(below("", name)));

function OneSection({
  section: { title, names, isOpen = false },
  schema,
  value,
  onChange,
}: Omit<Props, "sections"> & { readonly section: Section }) {
  const { errors } = useForm();
  const [open, setOpen] = useState(isOpen);
  const isWrong = hasErrors(names, errors);
  const isShown = open || isWrong;
  const isSet = names.some((name) => value[name] !== undefined);
  return (
    <details
      className={names.length === 1 ? "form-section form-section-one" : "form-section"}
      open={isShown}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <span>{title}</span>
        {!isShown && !isSet && <span className="muted small"> not set</span>}
      </summary>
      {isShown && <SchemaFields path="" schema={schema} value={value} onChange={onChange} names={names} />}
    </details>
  );
}
