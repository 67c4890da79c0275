import type { ReactNode } from "react";
import "./short-facts.css";

export function ShortFacts({ children }: { readonly children: ReactNode }) {
  return <dl className="short-facts">{children}</dl>;
}

/** One thing that is known, or said to be unknown. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="break">{children ?? <span className="muted">unknown</span>}</dd>
    </div>
  );
}
