// The steps with what is in each: how far people came stands beside what the step does.
import { numbers } from "../ui/page.tsx";
import type { Campaign, FunnelStep, Step } from "./shapes.ts";
import { stepInWords, waysOf } from "./steps-in-words.ts";

const NOBODY = { entered: 0, left: 0, failed: 0, waiting: 0, working: 0 };

export function Flow({ campaign: { steps, funnel } }: { readonly campaign: Campaign }) {
  const max = Math.max(1, ...funnel.map(({ entered }) => entered));
  return (
    <ol className="flow">
      {steps.map((step, n) => (
        <li
          key={step.id}
          id={`step-${step.id}`}
          className={`flow-step flow-${step.type} ${follows(steps, n) ? "flow-follows" : ""}`}
        >
          <div className="flow-what">
            <strong className="break">{stepInWords(step)}</strong>
            <code className="muted small break">{step.id}</code>
            <Ways steps={steps} step={step} />
          </div>
          <Inside found={funnel.find(({ id }) => id === step.id) ?? { id: step.id, ...NOBODY }} max={max} />
        </li>
      ))}
    </ol>
  );
}

/** Whether the step before leads here. */
function follows(steps: readonly Step[], n: number): boolean {
  const [before, step] = [steps[n - 1], steps[n]];
  return before !== undefined && waysOf(steps, before).some(({ to }) => to === step?.id);
}

export function Ways({ steps, step }: { readonly steps: readonly Step[]; readonly step: Step }) {
  return (
    <ul className="flow-ways small">
      {waysOf(steps, step).map(({ when, to }) => (
        <li key={`${when} ${to}`} className="break">
          <span className="muted">{when} → </span>
          {to === undefined ? "end" : <a href={`#step-${to}`}>{to}</a>}
        </li>
      ))}
    </ul>
  );
}

const PARTS = ["left", "working", "waiting", "failed"] as const;

function Inside({ found, max }: { readonly found: FunnelStep; readonly max: number }) {
  let x = 0;
  return (
    <div className="flow-inside">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" className="flow-bar" aria-hidden="true">
        {PARTS.map((part) => {
          const width = (found[part] / max) * 100;
          const start = x;
          x += width;
          return <rect key={part} x={start} width={width} height="8" className={`flow-${part}`} />;
        })}
      </svg>
      <dl className="flow-counts">
        {(["entered", ...PARTS] as const).map((part) => (
          <div key={part}>
            <dt>{part}</dt>
            <dd className="number">{numbers.format(found[part])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
