// A delivery whose outcome nobody knows: somebody has asked the partner, and says what became of it.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../api/client.ts";
import type { DeadLetter } from "../api/shapes.ts";
import { Confirm } from "../ui/dialog.tsx";
import { Field, Select } from "../ui/field.tsx";

export function Resolve({ letter, onClose }: { readonly letter: DeadLetter; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [outcome, setOutcome] = useState("delivered");
  async function resolve(form: FormData): Promise<void> {
    const body = { outcome, reason: String(form.get("reason") ?? "").trim() };
    await call("POST", `/api/dlq/${letter.id}/resolve`, { body });
    await queries.invalidateQueries({ queryKey: ["dead-letters"] });
  }
  return (
    <Confirm title="What became of this delivery?" verb="Resolve" onConfirm={resolve} onClose={onClose}>
      <p className="break">{`It was sent to ${letter.partner ?? "its partner"}, and no answer came. Ask there whether they have it.`}</p>
      <Select label="They say" value={outcome} onChange={({ target }) => setOutcome(target.value)}>
        <option value="delivered">They have it</option>
        <option value="not_delivered">They do not have it</option>
      </Select>
      <Field label="Reason" name="reason" required maxLength={200} hint="Who said so, and where." />
    </Confirm>
  );
}
