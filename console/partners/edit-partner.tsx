// A partner's configuration as a form that is made from the API's own schema of it.
import type { Partner } from "../api/shapes.ts";
import { ConfigurationEditor } from "../forms/configuration-editor.tsx";
import type { Fields } from "../forms/json-schema.ts";
import type { Section } from "../forms/sections.tsx";
import { TimeZone } from "../forms/time-zone.tsx";

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

interface Props {
  /** Undefined for a new one. */
  readonly partner: Partner | undefined;
  readonly onClose: () => void;
}

export function EditPartner({ partner, onClose }: Props) {
  return (
    <ConfigurationEditor
      title={partner === undefined ? "Add a partner" : `Edit ${partner.name}`}
      collection="partners"
      schemaName="PartnerChange"
      sections={SECTIONS}
      own={OWN}
      current={partner}
      initial={NEW}
      idHint="Lower-case letters, digits, - and _; rules name it by this"
      onClose={onClose}
    />
  );
}
