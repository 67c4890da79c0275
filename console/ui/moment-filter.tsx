// A moment that a list is filtered by, as it stands in the address.
import { Field } from "./field.tsx";
import type { Filters } from "./filters.ts";

interface Props {
  readonly label: string;
  readonly name: string;
  readonly filters: Filters;
}

export function MomentFilter({ label, name, filters }: Props) {
  return (
    <Field
      label={label}
      type="datetime-local"
      value={filters.get(name)}
      onChange={({ target }) => filters.set({ [name]: target.value })}
    />
  );
}
