import type { Partner } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";

/** In one word whether it is delivered to, and if not, why. */
export function PartnerState({ partner }: { readonly partner: Partner }) {
  if (partner.errors !== undefined) return <Badge tone="bad">misconfigured</Badge>;
  if (!partner.enabled) return <Badge tone="idle">disabled</Badge>;
  if (partner.paused) return <Badge tone="warn">paused</Badge>;
  switch (partner.circuit_state) {
    case "open":
      return <Badge tone="bad">circuit open</Badge>;
    case "half_open":
      return <Badge tone="warn">circuit half-open</Badge>;
    case "closed":
      return <Badge tone="good">delivering</Badge>;
  }
}
