// The dialog in which a configuration is written: fields made from the API's own schema of it, what would change, and saving.
// Where a PUT takes the version that it replaces, what a colleague saved meanwhile is merged and not overwritten.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { call, get, withQuery } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { Frame } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Loading } from "../ui/page.tsx";
import { ChangesToSave } from "./changes.tsx";
import { useEditedJson } from "./edited-json.ts";
import { errorsOf } from "./field-errors.ts";
import { type FormContents, FormContext } from "./form-context.ts";
import { FormOrJson } from "./form-or-json.tsx";
import type { Fields, JsonSchema, Schemas } from "./json-schema.ts";
import { Meanwhile, movedTo, type Newer } from "./meanwhile.tsx";
import { type Section, Sections } from "./sections.tsx";
import { useSchemas } from "./use-schemas.ts";

interface Props {
  readonly title: string;
  /** One word for three: `/api/<collection>/<id>`, the address of its screen, and the queries to read again. */
  readonly collection: string;
  /** As the API's description names the schema of what it takes. */
  readonly schemaName: string;
  readonly sections: readonly Section[];
  readonly own: NonNullable<FormContents["own"]>;
  /** As the API shows it; undefined for a new one. */
  readonly current: { readonly id: string; readonly version?: number } | undefined;
  /** What a new one begins with. */
  readonly initial: Fields;
  readonly idHint: string;
  /** Fields that are written as JSON only. */
  readonly withoutField?: readonly string[];
  readonly note?: ReactNode;
  readonly onClose: () => void;
}

export function ConfigurationEditor(props: Props) {
  const schemas = useSchemas();
  const schema = schemas.data?.[props.schemaName];
  return (
    <Frame title={props.title} onClose={props.onClose} wide>
      {schemas.error !== null && schemas.error !== undefined && <ProblemNotice problem={schemas.error} />}
      {schemas.data === undefined || schema === undefined ? (
        <Loading />
      ) : (
        <Editor {...props} schemas={schemas.data} schema={schema} />
      )}
    </Frame>
  );
}

/** What a PUT takes of what a GET shows. */
const configurationOf = (shown: object, { properties = {} }: JsonSchema): Fields =>
  Object.fromEntries(Object.entries(shown).filter(([name]) => properties[name]?.readOnly !== true));

const without = (schema: JsonSchema, names: readonly string[]): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties ?? {}).filter(([name]) => !names.includes(name)),
  ),
});

interface EditorProps extends Props {
  readonly schemas: Schemas;
  readonly schema: JsonSchema;
}

function Editor(props: EditorProps) {
  const { collection, schemas, schema, current, onClose } = props;
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [base, setBase] = useState(() => ({
    // 0 is for one that is not there yet.
    version: current?.version ?? 0,
    value: current === undefined ? {} : configurationOf(current, schema),
  }));
  const edited = useEditedJson(() => (current === undefined ? props.initial : base.value));
  const [id, setId] = useState(current?.id ?? "");
  const [problem, setProblem] = useState<unknown>();
  const [newer, setNewer] = useState<Newer>();
  const [isBusy, setBusy] = useState(false);
  const errors = errorsOf(problem);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const path = `/${collection}/${encodeURIComponent(id.trim())}`;
    try {
      const replaced = { expected_version: base.version };
      await call("PUT", withQuery(`/api${path}`, replaced), { body: edited.value });
      await queries.invalidateQueries({ queryKey: [collection] });
      onClose();
      if (current === undefined) navigate(path);
    } catch (error) {
      const moved = current && movedTo(error);
      if (moved === undefined) setProblem(error);
      else await showNewer(`/api${path}`, moved).catch(setProblem);
      setBusy(false);
    }
  }

  async function showNewer(path: string, moved: Omit<Newer, "value">): Promise<void> {
    setNewer({ ...moved, value: configurationOf(await get<Fields>(path), schema) });
  }

  function rebase(value: Fields, onto: Newer): void {
    edited.change(value);
    setBase(onto);
    setNewer(undefined);
  }

  return (
    <FormContext value={{ schemas, errors, own: props.own }}>
      <form className="dialog-body" noValidate onSubmit={(event) => void save(event)}>
        {current === undefined && (
          <Field
            label="Id"
            value={id}
            autoFocus
            autoComplete="off"
            error={errors.at("id")}
            hint={props.idHint}
            onChange={({ target }) => setId(target.value)}
          />
        )}
        <FormOrJson label="Configuration" edited={edited}>
          <Sections
            schema={without(schema, props.withoutField ?? [])}
            sections={props.sections}
            value={edited.value}
            onChange={edited.change}
          />
        </FormOrJson>
        {props.note}
        {problem !== undefined && <ProblemNotice problem={problem} />}
        {newer && (
          <Meanwhile
            newer={newer}
            base={base.value}
            mine={edited.value}
            onRebase={(value) => rebase(value, newer)}
          />
        )}
        {current !== undefined && <ChangesToSave before={base.value} after={edited.value} />}
        <div className="dialog-buttons">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            kind="primary"
            isBusy={isBusy}
            disabled={edited.wrong !== undefined || newer !== undefined}
          >
            Save
          </Button>
        </div>
      </form>
    </FormContext>
  );
}
