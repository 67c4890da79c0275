import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../api/client.ts";
import type { Partner } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { numbers } from "../ui/page.tsx";
import { TestDelivery } from "./test-delivery.tsx";

interface Props {
  readonly partner: Partner;
  readonly size?: "small";
}

export function PartnerButtons({ partner, size }: Props) {
  const [asking, setAsking] = useState<"pause" | "resume" | "test">();
  const close = () => setAsking(undefined);
  const look = { ...(size && { size }), "aria-description": partner.name };
  return (
    <div className="buttons partner-buttons">
      {partner.paused ? (
        <Button {...look} onClick={() => setAsking("resume")}>
          Resume
        </Button>
      ) : (
        <Button {...look} onClick={() => setAsking("pause")}>
          Pause
        </Button>
      )}
      <Button {...look} onClick={() => setAsking("test")}>
        Test
      </Button>
      {(asking === "pause" || asking === "resume") && (
        <PauseOrResume partner={partner} what={asking} onClose={close} />
      )}
      {asking === "test" && <TestDelivery partner={partner} onClose={close} />}
    </div>
  );
}

interface AskProps {
  readonly partner: Partner;
  readonly what: "pause" | "resume";
  readonly onClose: () => void;
}

function PauseOrResume({ partner, what, onClose }: AskProps) {
  const queries = useQueryClient();
  const waiting = numbers.format(partner.queue_depth + partner.held);
  async function change(form: FormData): Promise<void> {
    const reason = String(form.get("reason") ?? "").trim();
    const body = what === "pause" && reason !== "" ? { reason } : {};
    await call("POST", `/api/partners/${partner.id}/${what}`, { body });
    await queries.invalidateQueries({ queryKey: ["partners"] });
  }
  if (what === "resume")
    return (
      <Confirm title={`Resume ${partner.name}?`} verb="Resume" onConfirm={change} onClose={onClose}>
        <p>{`${waiting} leads wait and are delivered then.`}</p>
      </Confirm>
    );
  return (
    <Confirm title={`Pause ${partner.name}?`} verb="Pause" onConfirm={change} onClose={onClose}>
      <p>{`Its leads wait from then on; ${waiting} wait now. None is lost.`}</p>
      <Field label="Reason" name="reason" maxLength={200} autoFocus />
    </Confirm>
  );
}
