// For who may see personal data only with a reason: the reason, which is recorded with each look.
import { useState } from "react";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { useSession } from "./session.tsx";

export function PersonalData() {
  const { me, unmaskedBecause, unmask } = useSession();
  const [isAsking, setAsking] = useState(false);
  if (me?.personal_data !== "on_request") return null;
  if (unmaskedBecause !== undefined)
    return (
      <Button size="small" onClick={() => unmask(undefined)}>
        Hide personal data
      </Button>
    );
  return (
    <>
      <Button size="small" onClick={() => setAsking(true)}>
        Show personal data
      </Button>
      {isAsking && (
        <Confirm
          title="Show personal data?"
          verb="Show"
          onConfirm={async (form) => unmask(String(form.get("reason") ?? "").trim())}
          onClose={() => setAsking(false)}
        >
          <p>
            Names, addresses and answers are shown as they are. Each look is recorded with your name and this
            reason.
          </p>
          <Field label="Reason" name="reason" required maxLength={200} autoFocus />
        </Confirm>
      )}
    </>
  );
}
