import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";

interface Props {
  readonly onReason: (reason: string) => void;
  readonly onClose: () => void;
}

export default function AskReason({ onReason, onClose }: Props) {
  return (
    <Confirm
      title="Show personal data?"
      verb="Show"
      onConfirm={async (form) => onReason(String(form.get("reason") ?? "").trim())}
      onClose={onClose}
    >
      <p>
        Names, addresses and answers are shown as they are. Each look is recorded with your name and this
        reason.
      </p>
      <Field label="Reason" name="reason" required maxLength={200} autoFocus />
    </Confirm>
  );
}
