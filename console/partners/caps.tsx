import type { Partner } from "../api/shapes.ts";
import { numbers } from "../ui/page.tsx";

const WINDOWS = ["hour", "day", "month", "total"] as const;

/** Of each cap how much is used. */
export function Caps({ partner: { caps, caps_used } }: { readonly partner: Partner }) {
  const set = WINDOWS.flatMap((window) => {
    const cap = caps?.[window];
    return cap === undefined ? [] : [{ window, cap, used: caps_used?.[window] ?? 0 }];
  });
  if (set.length === 0) return <span className="muted">none</span>;
  return (
    <ul className="caps">
      {set.map(({ window, cap, used }) => (
        <li key={window}>
          <span className="small number">
            {`${numbers.format(used)} of ${numbers.format(cap)} ${window === "total" ? "in total" : `this ${window}`}`}
          </span>
          <meter min={0} max={cap} value={used} high={cap * 0.9} aria-label={`Cap: ${window}`} />
        </li>
      ))}
    </ul>
  );
}
