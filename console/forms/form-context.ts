import { type ComponentType, createContext, use } from "react";
import type { FieldErrors } from "./field-errors.ts";
import type { JsonSchema, Schemas } from "./json-schema.ts";

export interface FieldProps {
  readonly name: string;
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
  readonly value: unknown;
  /** Undefined takes the field away. */
  readonly onChange: (value: unknown) => void;
}

export interface FormContents {
  readonly schemas: Schemas;
  readonly errors: FieldErrors;
  /** For what a schema can't say, such as which partners there are: by the name of the field. */
  readonly own?: Readonly<Record<string, ComponentType<FieldProps>>>;
}

const Context = createContext<FormContents | undefined>(undefined);
export const FormContext = Context.Provider;

export function useForm(): FormContents {
  const contents = use(Context);
  if (contents === undefined) throw new Error("There is no form around this field");
  return contents;
}
