// A partner's configuration as a form that is made from the API's own schema of it.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { call, get } from "../api/client.ts";
import type { Partner } from "../api/shapes.ts";
import { ChangesToSave } from "../forms/changes.tsx";
import { useEditedJson } from "../forms/edited-json.ts";
import { errorsOf } from "../forms/field-errors.ts";
import { FormContext } from "../forms/form-context.ts";
import { FormOrJson } from "../forms/form-or-json.tsx";
import type { Fields, JsonSchema, Schemas } from "../forms/json-schema.ts";
import { Meanwhile, movedTo, type Newer } from "../forms/meanwhile.tsx";
import { type Section, Sections } from "../forms/sections.tsx";
import { TimeZone } from "../forms/time-zone.tsx";
import { useSchemas } from "../forms/use-schemas.ts";
import { Button } from "../ui/button.tsx";
import { Frame } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Loading } from "../ui/page.tsx";

const SECTIONS: readonly Section[] = [
  { title: "Partner", names: ["name", "enabled", "price", "idempotent"], isOpen: true },
  { title: "Delivery", names: ["delivery"], isOpen: true },
  { title: "Limits and caps", names: ["limits", "caps"] },
  { title: "Opening hours", names: ["schedule"] },
  { title: "Retries and circuit", names: ["retry", "circuit"] },
  { title: "Duplicates", names: ["dedupe"] },
  { title: "What its answers mean", names: ["response"] },
];
const OWN = { time_zone: TimeZone };
const NEW: Fields = { name: "", enabled: true, delivery: { type: "http", url: "" } };

/** What a PUT takes of what a GET shows. */
const configurationOf = (partner: Fields, { properties = {} }: JsonSchema): Fields =>
  Object.fromEntries(Object.entries(partner).filter(([name]) => properties[name]?.readOnly !== true));

interface Props {
  /** Undefined for a new one. */
  readonly partner: Partner | undefined;
  readonly onClose: () => void;
}

export function EditPartner({ partner, onClose }: Props) {
  const schemas = useSchemas();
  const title = partner === undefined ? "Add a partner" : `Edit ${partner.name}`;
  const schema = schemas.data?.PartnerChange;
  return (
    <Frame title={title} onClose={onClose} wide>
      {schemas.error !== null && schemas.error !== undefined && <ProblemNotice problem={schemas.error} />}
      {schemas.data === undefined || schema === undefined ? (
        <Loading />
      ) : (
        <Editor partner={partner} schemas={schemas.data} schema={schema} onClose={onClose} />
      )}
    </Frame>
  );
}

interface EditorProps extends Props {
  readonly schemas: Schemas;
  readonly schema: JsonSchema;
}

function Editor({ partner, schemas, schema, onClose }: EditorProps) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [base, setBase] = useState(() => ({
    version: partner?.version ?? 0,
    value: partner === undefined ? {} : configurationOf(partner as unknown as Fields, schema),
  }));
  const edited = useEditedJson(() => (partner === undefined ? NEW : base.value));
  const [id, setId] = useState(partner?.id ?? "");
  const [problem, setProblem] = useState<unknown>();
  const [newer, setNewer] = useState<Newer>();
  const [isBusy, setBusy] = useState(false);
  const errors = errorsOf(problem);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const path = `/api/partners/${encodeURIComponent(id.trim())}`;
    try {
      await call("PUT", `${path}?expected_version=${base.version}`, { body: edited.value });
      await queries.invalidateQueries({ queryKey: ["partners"] });
      onClose();
      if (partner === undefined) navigate(`/partners/${encodeURIComponent(id.trim())}`);
    } catch (error) {
      const moved = partner && movedTo(error);
      if (moved === undefined) setProblem(error);
      else await showNewer(path, moved).catch(setProblem);
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
    <FormContext value={{ schemas, errors, own: OWN }}>
      <form className="dialog-body" noValidate onSubmit={(event) => void save(event)}>
        {partner === undefined && (
          <Field
            label="Id"
            value={id}
            autoFocus
            autoComplete="off"
            error={errors.at("id")}
            hint="Lower-case letters, digits, - and _; rules name it by this"
            onChange={({ target }) => setId(target.value)}
          />
        )}
        <FormOrJson label="Configuration" edited={edited}>
          <Sections schema={schema} sections={SECTIONS} value={edited.value} onChange={edited.change} />
        </FormOrJson>
        {problem !== undefined && <ProblemNotice problem={problem} />}
        {newer && (
          <Meanwhile
            newer={newer}
            base={base.value}
            mine={edited.value}
            onRebase={(value) => rebase(value, newer)}
          />
        )}
        {partner !== undefined && <ChangesToSave before={base.value} after={edited.value} />}
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
