import { useQueryClient } from "@tanstack/react-query";
import type { Source } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Checkbox, Field, Select } from "../ui/field.tsx";
import { kinds } from "./examples.ts";

interface Props {
  /** Undefined for a new one. */
  readonly source: Source | undefined;
  readonly onClose: () => void;
}

const textOf = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();

function settingsOf(form: FormData): object {
  const [name, country, rate] = ["name", "country", "rate"].map((field) => textOf(form, field));
  const allowed = kinds.filter((kind) => form.get(`kind-${kind}`) !== null);
  return {
    scheme: textOf(form, "scheme"),
    enabled: form.get("enabled") !== null,
    ...(name !== "" && { name }),
    ...(allowed.length < kinds.length && { allowed_kinds: allowed }),
    ...(country !== "" && { default_country: country?.toUpperCase() }),
    ...(rate !== "" && { rate_limit: { per_second: Number(rate) } }),
  };
}

/** A PUT would replace it as a whole. Asked of the list, because a browser notes each refusal as a fault of the page. */
async function refuseToReplace(id: string): Promise<void> {
  const { items } = await get<{ readonly items: readonly Source[] }>("/api/sources");
  if (items.some((one) => one.id === id))
    throw new Error(`There is a source ${id} already. Edit that one, or choose another id.`);
}

export function EditSource({ source, onClose }: Props) {
  const queries = useQueryClient();
  async function save(form: FormData): Promise<void> {
    const id = source?.id ?? textOf(form, "id");
    if (source === undefined) await refuseToReplace(id);
    await call("PUT", `/api/sources/${encodeURIComponent(id)}`, { body: settingsOf(form) });
    await queries.invalidateQueries({ queryKey: ["sources"] });
  }
  return (
    <Confirm
      title={source === undefined ? "Add a source" : `Edit ${source.id}`}
      verb="Save"
      onConfirm={save}
      onClose={onClose}
    >
      {source === undefined && (
        <Field label="Id" name="id" required autoFocus maxLength={64} hint="As it stands in x-source." />
      )}
      <Field label="Name" name="name" defaultValue={source?.name ?? ""} autoFocus={source !== undefined} />
      <Select label="Signature" name="scheme" defaultValue={source?.scheme ?? "standard-webhooks"}>
        <option value="standard-webhooks">Standard Webhooks</option>
        <option value="body-sha256">SHA-256 of the body</option>
      </Select>
      <fieldset className="kinds">
        <legend>May send</legend>
        {kinds.map((kind) => (
          <Checkbox
            key={kind}
            label={kind}
            name={`kind-${kind}`}
            defaultChecked={source?.allowed_kinds?.includes(kind) ?? true}
          />
        ))}
      </fieldset>
      <Field
        label="Country of phone numbers"
        name="country"
        maxLength={2}
        defaultValue={source?.default_country ?? ""}
        hint="Two letters, like US, for numbers that come without a country."
      />
      <Field
        label="Submissions a second at most"
        name="rate"
        type="number"
        min="0"
        step="any"
        defaultValue={source?.rate_limit?.per_second ?? ""}
        hint="Empty: no limit."
      />
      <Checkbox label="Enabled" name="enabled" defaultChecked={source?.enabled ?? true} />
    </Confirm>
  );
}
