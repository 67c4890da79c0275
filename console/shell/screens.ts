// The screens, in the order of the navigation. Each is loaded when it is first opened.
import { type ComponentType, lazy } from "react";
import type { Permission } from "../session/session.tsx";

export interface Screen {
  readonly path: string;
  readonly name: string;
  /** Who may do nothing here does not see it in the navigation. */
  readonly needs?: readonly Permission[];
  readonly component: ComponentType;
}

export const screens: readonly Screen[] = [
  { path: "/", name: "Overview", component: lazy(() => import("../overview/overview.tsx")) },
  { path: "/leads", name: "Leads", component: lazy(() => import("../leads/leads.tsx")) },
  { path: "/rules", name: "Rules", component: lazy(() => import("../rules/rules.tsx")) },
  { path: "/partners", name: "Partners", component: lazy(() => import("../partners/partners.tsx")) },
  {
    path: "/dead-letters",
    name: "Dead letters",
    component: lazy(() => import("../dead-letters/dead-letters.tsx")),
  },
  {
    path: "/campaigns",
    name: "Campaigns",
    needs: ["campaigns.read"],
    component: lazy(() => import("../campaigns/campaigns.tsx")),
  },
  {
    path: "/stats",
    name: "Statistics",
    needs: ["stats.read"],
    component: lazy(() => import("../stats/stats.tsx")),
  },
  {
    path: "/sources",
    name: "Sources",
    needs: ["sources.read"],
    component: lazy(() => import("../sources/sources.tsx")),
  },
  {
    path: "/identities",
    name: "People",
    needs: ["identities.read"],
    component: lazy(() => import("../people/people.tsx")),
  },
  {
    path: "/audit",
    name: "Audit",
    needs: ["audit.read"],
    component: lazy(() => import("../audit/audit.tsx")),
  },
  { path: "/settings", name: "Settings", component: lazy(() => import("../settings/settings.tsx")) },
];

/** Screens about one thing, reached from a list. */
export const details: readonly Omit<Screen, "name">[] = [
  { path: "/leads/:id", component: lazy(() => import("../leads/lead.tsx")) },
  { path: "/campaigns/:id", component: lazy(() => import("../campaigns/campaign.tsx")) },
  { path: "/identities/:id", component: lazy(() => import("../people/person.tsx")) },
  { path: "/partners/:id", component: lazy(() => import("../partners/partner.tsx")) },
];
