// The screens, in the order of the navigation. Each is loaded when it is first opened, or a little before.
import { type ComponentType, lazy } from "react";
import type { Permission } from "../session/session.tsx";

export interface Screen {
  readonly path: string;
  readonly name: string;
  /** Who may do nothing here does not see it in the navigation. */
  readonly needs?: readonly Permission[];
  readonly load: () => Promise<{ readonly default: ComponentType }>;
  readonly component: ComponentType;
}

function screen(path: string, load: Screen["load"]): Pick<Screen, "path" | "load" | "component"> {
  return { path, load, component: lazy(load) };
}

export const screens: readonly Screen[] = [
  { ...screen("/", () => import("../overview/overview.tsx")), name: "Overview" },
  { ...screen("/leads", () => import("../leads/leads.tsx")), name: "Leads" },
  { ...screen("/rules", () => import("../rules/rules.tsx")), name: "Rules" },
  { ...screen("/partners", () => import("../partners/partners.tsx")), name: "Partners" },
  {
    ...screen("/dead-letters", () => import("../dead-letters/dead-letters.tsx")),
    name: "Dead letters",
  },
  {
    ...screen("/campaigns", () => import("../campaigns/campaigns.tsx")),
    name: "Campaigns",
    needs: ["campaigns.read"],
  },
  {
    ...screen("/stats", () => import("../stats/stats.tsx")),
    name: "Statistics",
    needs: ["stats.read"],
  },
  {
    ...screen("/sources", () => import("../sources/sources.tsx")),
    name: "Sources",
    needs: ["sources.read"],
  },
  {
    ...screen("/identities", () => import("../people/people.tsx")),
    name: "People",
    needs: ["identities.read"],
  },
  {
    ...screen("/audit", () => import("../audit/audit.tsx")),
    name: "Audit",
    needs: ["audit.read"],
  },
  { ...screen("/settings", () => import("../settings/settings.tsx")), name: "Settings" },
];

/** Screens about one thing, reached from a list. */
export const details: readonly Omit<Screen, "name">[] = [
  screen("/leads/:id", () => import("../leads/lead.tsx")),
  screen("/campaigns/:id", () => import("../campaigns/campaign.tsx")),
  screen("/identities/:id", () => import("../people/person.tsx")),
  screen("/partners/:id", () => import("../partners/partner.tsx")),
];

const leadsTo = (path: string, location: string): boolean => {
  const [parts, given] = [path.split("/"), location.split("/")];
  return parts.length === given.length && parts.every((part, n) => part.startsWith(":") || part === given[n]);
};

/** Before it is rendered, so that its code comes while something else is waited for. */
export function preloadScreen(location: string): void {
  const screen = [...screens, ...details].find(({ path }) => leadsTo(path, location));
  // Rendering it says what is wrong.
  screen?.load().catch(() => undefined);
}
