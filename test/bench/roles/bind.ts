// What keeps a stage from going faster, by what was busy while it went.

export interface Busy {
  /** Of each process of the role: the share of one core that it used. */
  readonly role: readonly number[];
  /** The same of all else: parts, other roles, load generator and partners. */
  readonly others: Readonly<Record<string, number>>;
  /** How many cores they had; with the role, unless that had one of its own. */
  readonly cores: number;
  readonly pinned: boolean;
}

/** A core is never used to its last percent. */
const FULL = 0.9;

export function bindOf({ role, others, cores, pinned }: Busy): string {
  const used = Object.values(others).reduce((sum, share) => sum + share, 0);
  const all = pinned ? used : used + role.reduce((sum, share) => sum + share, 0);
  const [largest = ["nothing", 0]] = Object.entries(others).toSorted(([, a], [, b]) => b - a);
  if (Math.max(0, ...role) >= FULL) return "CPU of the role";
  if (all < FULL * cores) return "waiting for others: no core is full";
  const ofRole = role.reduce((sum, share) => sum + share, 0);
  if (pinned) return `CPU of ${largest[0]}, on the other ${cores === 1 ? "core" : "cores"}`;
  return ofRole >= largest[1] ? "all cores: mostly the role" : `all cores: mostly ${largest[0]}`;
}
