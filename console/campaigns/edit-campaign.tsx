// A campaign is written as data; what is wrong with it the server says, by its place.
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Field, TextArea } from "../ui/field.tsx";
import type { Campaign } from "./shapes.ts";

const EXAMPLE = [
  { id: "hello", type: "send", partner: "mail", template: "Hello {{full_name}}" },
  { id: "pause", type: "wait", for: "48h", on_reply: "read" },
  { id: "over", type: "end" },
  { id: "read", type: "analyze", service: "builtin" },
];

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} are not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Props {
  /** Undefined for a new one. */
  readonly campaign: Campaign | undefined;
  readonly onClose: () => void;
}

export function EditCampaign({ campaign, onClose }: Props) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  async function save(form: FormData): Promise<void> {
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const id = campaign?.id ?? text("id");
    const body = {
      name: text("name"),
      steps: parsed(text("steps"), "The steps"),
      ...(text("concurrency") !== "" && { concurrency: Number(text("concurrency")) }),
      ...(text("rate") !== "" && { rate: { per_second: Number(text("rate")) } }),
      ...(text("quiet") !== "" && { quiet: parsed(text("quiet"), "The quiet hours") }),
    };
    await call("PUT", `/api/campaigns/${encodeURIComponent(id)}`, { body });
    await queries.invalidateQueries({ queryKey: ["campaigns"] });
    if (campaign === undefined) navigate(`/campaigns/${encodeURIComponent(id)}`);
  }
  return (
    <Confirm
      title={campaign === undefined ? "Add a campaign" : `Edit ${campaign.name}`}
      verb="Save"
      onConfirm={save}
      onClose={onClose}
    >
      {campaign === undefined && <Field label="Id" name="id" required autoFocus maxLength={64} />}
      <Field label="Name" name="name" required maxLength={200} defaultValue={campaign?.name ?? ""} />
      <TextArea
        label="Steps"
        name="steps"
        rows={14}
        required
        spellCheck={false}
        defaultValue={JSON.stringify(campaign?.steps ?? EXAMPLE, null, 2)}
        hint="A list of steps as JSON: send, wait, analyze, branch, submit, end."
      />
      <div className="filters">
        <Field
          label="At the same time"
          name="concurrency"
          type="number"
          min={1}
          defaultValue={campaign?.concurrency ?? ""}
        />
        <Field
          label="Sends a second at most"
          name="rate"
          type="number"
          min="0"
          step="any"
          defaultValue={campaign?.rate?.per_second ?? ""}
        />
      </div>
      <TextArea
        label="Quiet hours"
        name="quiet"
        rows={3}
        spellCheck={false}
        defaultValue={campaign?.quiet === undefined ? "" : JSON.stringify(campaign.quiet, null, 2)}
        hint={
          'Like {"time_zone": "Europe/Berlin", "hours": [{"days": ["sat"], "from": "20:00", "to": "08:00"}]}; empty: none.'
        }
      />
      {campaign !== undefined && campaign.status !== "draft" && (
        <p className="muted">Who has begun goes on with the steps that they began with.</p>
      )}
    </Confirm>
  );
}
