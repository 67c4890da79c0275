// A campaign as a form that is made from the API's own schema of it; its steps are in step-fields.tsx.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { ChangesToSave } from "../forms/changes.tsx";
import { useEditedJson } from "../forms/edited-json.ts";
import { errorsOf } from "../forms/field-errors.ts";
import { FormContext } from "../forms/form-context.ts";
import { FormOrJson } from "../forms/form-or-json.tsx";
import type { Fields, JsonSchema, Schemas } from "../forms/json-schema.ts";
import { type Section, Sections } from "../forms/sections.tsx";
import { TimeZone } from "../forms/time-zone.tsx";
import { useSchemas } from "../forms/use-schemas.ts";
import { Button } from "../ui/button.tsx";
import { Frame } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Loading } from "../ui/page.tsx";
import type { Campaign } from "./shapes.ts";
import { PartnerChoice, ServiceChoice, StepChoice, Steps, When } from "./step-fields.tsx";

const SECTIONS: readonly Section[] = [
  { title: "Campaign", names: ["name"], isOpen: true },
  { title: "Steps", names: ["steps"], isOpen: true },
  { title: "Pace", names: ["concurrency", "rate"] },
  { title: "Quiet hours", names: ["quiet"] },
];
const OWN = {
  steps: Steps,
  partner: PartnerChoice,
  service: ServiceChoice,
  next: StepChoice,
  on_reply: StepChoice,
  otherwise: StepChoice,
  when: When,
  time_zone: TimeZone,
};
const NEW: Fields = { name: "", steps: [{ id: "hello", type: "send", partner: "" }] };
/** Said anew with each change, and no part of what is shown. */
const SAID_ONCE = "migrate";

interface Props {
  /** Undefined for a new one. */
  readonly campaign: Campaign | undefined;
  readonly onClose: () => void;
}

export function EditCampaign({ campaign, onClose }: Props) {
  const schemas = useSchemas();
  const title = campaign === undefined ? "Add a campaign" : `Edit ${campaign.name}`;
  const schema = schemas.data?.CampaignChange;
  return (
    <Frame title={title} onClose={onClose} wide>
      {schemas.error !== null && schemas.error !== undefined && <ProblemNotice problem={schemas.error} />}
      {schemas.data === undefined || schema === undefined ? (
        <Loading />
      ) : (
        <Editor campaign={campaign} schemas={schemas.data} schema={schema} onClose={onClose} />
      )}
    </Frame>
  );
}

const configurationOf = (campaign: Fields, { properties = {} }: JsonSchema): Fields =>
  Object.fromEntries(Object.entries(campaign).filter(([name]) => properties[name]?.readOnly !== true));

interface EditorProps extends Props {
  readonly schemas: Schemas;
  readonly schema: JsonSchema;
}

function Editor({ campaign, schemas, schema, onClose }: EditorProps) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [base] = useState(() =>
    campaign === undefined ? NEW : configurationOf(campaign as unknown as Fields, schema),
  );
  const edited = useEditedJson(() => base);
  // Of what is edited: the page goes on to newer ones.
  const [version] = useState(campaign?.version ?? 0);
  const [id, setId] = useState(campaign?.id ?? "");
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const errors = errorsOf(problem);
  const { properties = {} } = schema;
  const offered = Object.fromEntries(Object.entries(properties).filter(([name]) => name !== SAID_ONCE));

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const name = encodeURIComponent(id.trim());
    try {
      await call("PUT", `/api/campaigns/${name}?expected_version=${version}`, { body: edited.value });
      await queries.invalidateQueries({ queryKey: ["campaigns"] });
      onClose();
      if (campaign === undefined) navigate(`/campaigns/${name}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <FormContext value={{ schemas, errors, own: OWN }}>
      <form className="dialog-body" noValidate onSubmit={(event) => void save(event)}>
        {campaign === undefined && (
          <Field
            label="Id"
            value={id}
            autoFocus
            autoComplete="off"
            error={errors.at("id")}
            hint="Lower-case letters, digits, - and _"
            onChange={({ target }) => setId(target.value)}
          />
        )}
        <FormOrJson label="Configuration" edited={edited}>
          <Sections
            schema={{ ...schema, properties: offered }}
            sections={SECTIONS}
            value={edited.value}
            onChange={edited.change}
          />
        </FormOrJson>
        {campaign !== undefined && campaign.status !== "draft" && (
          <p className="muted">
            Who has begun goes on with the steps that they began with, unless “migrate” under Advanced says
            which step is which.
          </p>
        )}
        {problem !== undefined && <ProblemNotice problem={problem} />}
        {campaign !== undefined && <ChangesToSave before={base} after={edited.value} />}
        <div className="dialog-buttons">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy} disabled={edited.wrong !== undefined}>
            Save
          </Button>
        </div>
      </form>
    </FormContext>
  );
}
