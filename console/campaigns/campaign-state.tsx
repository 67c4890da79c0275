import { Badge, type Tone } from "../ui/badge.tsx";
import type { CampaignStatus } from "./shapes.ts";

const tones: Readonly<Record<CampaignStatus, Tone>> = {
  draft: "idle",
  running: "accent",
  paused: "warn",
  done: "good",
  cancelled: "bad",
};

export function CampaignState({ status }: { readonly status: CampaignStatus }) {
  return <Badge tone={tones[status]}>{status}</Badge>;
}
