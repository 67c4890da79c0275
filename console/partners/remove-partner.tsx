import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import type { Partner } from "../api/shapes.ts";
import { Confirm } from "../ui/dialog.tsx";
import { counted } from "../ui/page.tsx";

interface Props {
  readonly partner: Partner;
  readonly onClose: () => void;
}

export function RemovePartner({ partner, onClose }: Props) {
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
          : `${counted(waiting, "lead")} ${waiting === 1 ? "waits" : "wait"} for it: they go on to the next partner of their rule, or end where it has none.`}
      </p>
    </Confirm>
  );
}
