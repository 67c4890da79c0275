import type { TimelineItem } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";
import { exactly } from "../ui/time.tsx";
import { toneOf } from "./timeline-words.ts";

interface Attempt {
  readonly started: TimelineItem;
  readonly ended: TimelineItem | undefined;
}

function attemptsIn(items: readonly TimelineItem[]): Attempt[] {
  return items
    .filter(({ type }) => type === "DeliveryStarted")
    .map((started) => ({
      started,
      ended:
        items.find(
          (item) =>
            item !== started &&
            item.delivery_id === started.delivery_id &&
            item.attempt === started.attempt &&
            item.response !== undefined,
        ) ??
        items.find(
          (item) =>
            item !== started && item.delivery_id === started.delivery_id && item.attempt === started.attempt,
        ),
    }));
}

/** DeliveryDeadLettered is "dead lettered". */
const inWords = (type: string): string =>
  type
    .replace("Delivery", "")
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();

/** Side by side where there is room: what was sent, and what came back. */
export function Attempts({ items }: { readonly items: readonly TimelineItem[] }) {
  const attempts = attemptsIn(items);
  if (attempts.length === 0) return <p className="muted">It was not sent to any partner yet.</p>;
  return (
    <div className="attempts">
      {attempts.map(({ started, ended }) => (
        <article key={started.position} className="attempt">
          <h3>
            {`Attempt ${started.attempt ?? 1} at ${String(started.partner)}`}{" "}
            {ended === undefined ? (
              <Badge tone="accent">under way</Badge>
            ) : (
              <Badge tone={toneOf(ended.type)}>{inWords(ended.type)}</Badge>
            )}
          </h3>
          <p className="muted small">
            {exactly(started.at)}
            {ended?.timings &&
              ` · ${Math.round(ended.timings.partner_ms)} ms at the partner, ${Math.round(ended.timings.overhead_ms)} ms here`}
          </p>
          <details>
            <summary>Request</summary>
            <Json label="Request" value={started.request} />
          </details>
          <details open={ended !== undefined && ended.type !== "DeliverySucceeded"}>
            <summary>Answer</summary>
            <Json label="Answer" value={ended?.response} />
          </details>
        </article>
      ))}
    </div>
  );
}

function Json({ label, value }: { readonly label: string; readonly value: unknown }) {
  if (value === undefined || value === null) return <p className="muted small">Nothing is known of it.</p>;
  return (
    <section className="attempt-json" aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
