import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import type { Partner } from "../api/shapes.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Checkbox, Field, TextArea } from "../ui/field.tsx";
import { numbers } from "../ui/page.tsx";

const READ_ONLY = new Set([
  ...[
    "id",
    "name",
    "enabled",
    "signed",
    "errors",
    "circuit_state",
    "paused",
    "paused_reason",
    "queue_depth",
    "held",
  ],
  ...["in_flight", "retry_at", "delivered", "failed", "dead_lettered", "duplicates", "caps_used"],
]);

function parsed(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === "object" && found !== null) return found as Record<string, unknown>;
  } catch (error) {
    throw new Error(`The configuration is no JSON: ${error instanceof Error ? error.message : ""}`);
  }
  throw new Error("The configuration is an object with delivery, limits, caps and so on");
}

/** Name and use as fields; how it is delivered to has many forms, and is the JSON that the API describes. */
export function EditPartner({
  partner,
  onClose,
}: {
  readonly partner: Partner;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const [isEnabled, setEnabled] = useState(partner.enabled);
  const [text, setText] = useState(() =>
    JSON.stringify(
      Object.fromEntries(Object.entries(partner).filter(([name]) => !READ_ONLY.has(name))),
      null,
      2,
    ),
  );
  async function save(form: FormData): Promise<void> {
    const body = { ...parsed(text), name: String(form.get("name") ?? "").trim(), enabled: isEnabled };
    await call("PUT", `/api/partners/${partner.id}`, { body });
    await queries.invalidateQueries({ queryKey: ["partners"] });
  }
  return (
    <Confirm title={`Edit ${partner.name}`} verb="Save" onConfirm={save} onClose={onClose}>
      <Field label="Name" name="name" defaultValue={partner.name} required />
      <Checkbox label="In use" checked={isEnabled} onChange={({ target }) => setEnabled(target.checked)} />
      <TextArea
        label="Configuration"
        value={text}
        rows={16}
        spellCheck={false}
        hint={
          <>
            A secret is shown as “…” and stays as it is where that is sent back. Every field is described in{" "}
            <a href="/docs">the API's description</a>.
          </>
        }
        onChange={({ target }) => setText(target.value)}
      />
    </Confirm>
  );
}

export function AddPartner({ onClose }: { readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  async function add(form: FormData): Promise<void> {
    const value = (name: string): string => String(form.get(name) ?? "").trim();
    const [id, secret] = [value("id"), value("secret")];
    const delivery = { type: "http", url: value("url"), ...(secret !== "" && { secret }) };
    const body = { name: value("name"), enabled: true, delivery };
    await call("PUT", `/api/partners/${encodeURIComponent(id)}`, { body });
    await queries.invalidateQueries({ queryKey: ["partners"] });
    navigate(`/partners/${id}`);
  }
  return (
    <Confirm title="Add a partner" verb="Save" onConfirm={add} onClose={onClose}>
      <Field label="Name" name="name" required autoFocus />
      <Field
        label="Id"
        name="id"
        required
        pattern="[a-z0-9][a-z0-9_\-]*"
        hint="Lower-case letters, digits, - and _"
      />
      <Field label="URL" name="url" type="url" required hint="Leads are sent there as JSON, by POST" />
      <Field label="Secret" name="secret" hint="whsec_…, to sign each delivery with; none unless given" />
    </Confirm>
  );
}

export function RemovePartner({
  partner,
  onClose,
}: {
  readonly partner: Partner;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const waiting = partner.queue_depth + partner.held;
  async function remove(): Promise<void> {
    const drain = waiting > 0 ? "?drain=next" : "";
    await call("DELETE", `/api/partners/${partner.id}${drain}`);
    navigate("/partners");
    await queries.invalidateQueries({ queryKey: ["partners"] });
  }
  return (
    <Confirm
      title={`Remove ${partner.name}?`}
      verb="Remove"
      kind="danger"
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        {waiting === 0
          ? "No lead waits for it."
          : `${numbers.format(waiting)} leads wait for it: they go on to the next partner of their rule, or end where it has none.`}
      </p>
    </Confirm>
  );
}
