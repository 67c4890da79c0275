// A campaign as a form that is made from the API's own schema of it; its steps are in step-fields.tsx.
import { ConfigurationEditor } from "../forms/configuration-editor.tsx";
import type { Fields } from "../forms/json-schema.ts";
import type { Section } from "../forms/sections.tsx";
import { TimeZone } from "../forms/time-zone.tsx";
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
const SAID_ONCE = ["migrate"];

interface Props {
  /** Undefined for a new one. */
  readonly campaign: Campaign | undefined;
  readonly onClose: () => void;
}

export function EditCampaign({ campaign, onClose }: Props) {
  return (
    <ConfigurationEditor
      title={campaign === undefined ? "Add a campaign" : `Edit ${campaign.name}`}
      collection="campaigns"
      schemaName="CampaignChange"
      sections={SECTIONS}
      own={OWN}
      current={campaign}
      initial={NEW}
      idHint="Lower-case letters, digits, - and _"
      withoutField={SAID_ONCE}
      note={
        campaign !== undefined &&
        campaign.status !== "draft" && (
          <p className="muted">
            Who has begun goes on with the steps that they began with, unless “migrate” under Advanced says
            which step is which.
          </p>
        )
      }
      onClose={onClose}
    />
  );
}
