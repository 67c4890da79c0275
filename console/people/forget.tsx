import { useQueryClient } from "@tanstack/react-query";
import type { Person } from "../api/admin-shapes.ts";
import { call } from "../api/client.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { numbers } from "../ui/page.tsx";
import { nameOf } from "./words.ts";

interface Props {
  readonly person: Person;
  readonly onClose: () => void;
}

/** For good: their keys are destroyed, so nobody can take it back. */
export function Forget({ person, onClose }: Props) {
  const queries = useQueryClient();
  async function forget(form: FormData): Promise<void> {
    const reason = String(form.get("reason") ?? "").trim();
    const body = reason === "" ? {} : { reason };
    await call("DELETE", `/api/identities/${encodeURIComponent(person.id)}`, { body });
    await Promise.all(
      ["people", "leads"].map((subject) => queries.invalidateQueries({ queryKey: [subject] })),
    );
  }
  const leads = person.lead_count;
  return (
    <Confirm
      title={`Forget ${nameOf(person)}?`}
      verb="Forget"
      kind="danger"
      onConfirm={forget}
      onClose={onClose}
    >
      <p>
        {`What is known about this person is destroyed for good, with all that their ${numbers.format(leads)} ${leads === 1 ? "lead" : "leads"} said about them. Nobody can bring it back.`}
      </p>
      <p className="muted">Counts, times and outcomes stay.</p>
      <Field label="Reason" name="reason" maxLength={1000} autoFocus hint="Name nobody in it." />
    </Confirm>
  );
}
