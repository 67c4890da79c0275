// What a configuration would become, field by field.
import { changedFields } from "../audit/changed-fields.ts";
import { counted } from "../ui/page.tsx";
import type { Fields } from "./json-schema.ts";

interface Props {
  readonly before: Fields;
  readonly after: Fields;
}

export function Changes({ before, after }: Props) {
  const fields = changedFields(before, after);
  if (fields.length === 0) return <p className="muted small">Nothing is changed.</p>;
  return (
    <dl className="form-changes">
      {fields.map(({ path, was, is }) => (
        <div key={path}>
          <dt className="mono small break">{path}</dt>
          <dd className="break">
            {was !== undefined && <del>{was}</del>} {is !== undefined && <ins>{is}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Beside the button that saves it. */
export function ChangesToSave({ before, after }: Props) {
  const count = changedFields(before, after).length;
  return (
    <details className="form-to-save">
      <summary aria-live="polite">{count === 0 ? "Nothing is changed" : counted(count, "change")}</summary>
      <Changes before={before} after={after} />
    </details>
  );
}
