import "./lead.css";
import type { TimelineItem } from "../api/shapes.ts";
import { agoOf, durationOf } from "../ui/ago.ts";
import { exactly } from "../ui/time.tsx";
import { told, toneOf } from "./timeline-words.ts";

/** Every event, the newest last. */
export function Timeline({ items }: { readonly items: readonly TimelineItem[] }) {
  const now = Date.now();
  return (
    <ol className="timeline">
      {items.map((item, n) => {
        const before = items[n - 1];
        const { title, more } = told(item);
        return (
          <li key={item.position} className={`timeline-item timeline-${toneOf(item.type)}`}>
            <div className="timeline-head">
              <strong>{title}</strong>
              <time dateTime={item.at} className="muted small" title={agoOf(Date.parse(item.at), now)}>
                {n === 0
                  ? `${exactly(item.at)} · ${agoOf(Date.parse(item.at), now)}`
                  : gap(before?.at, item.at)}
              </time>
            </div>
            {more !== undefined && <p className="muted small break">{more}</p>}
          </li>
        );
      })}
    </ol>
  );
}

/** How long after the event before it. */
function gap(before: string | undefined, at: string): string {
  const ms = Date.parse(at) - Date.parse(before ?? at);
  const text = ms < 1_000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : durationOf(ms);
  return `${exactly(at)} · ${text} later`;
}
