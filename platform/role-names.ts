// What a process can be: each role is a folder in services/.
export const ROLES = [
  "gateway",
  "relay",
  "leads",
  "identity",
  "partners",
  "campaigns",
  "timers",
  "projections",
  "compiler",
  "simulator",
] as const;
export type Role = (typeof ROLES)[number];
