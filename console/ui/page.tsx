import type { ReactNode } from "react";
import { useTitle } from "./title.ts";
import "./page.css";

interface Props {
  readonly title: string;
  /** Where the page's name is not all of its heading. */
  readonly heading?: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, heading, lead, actions, children }: Props) {
  useTitle(title);
  return (
    <>
      <header className="page-head">
        <div>
          <h1 className="break">{heading ?? title}</h1>
          {lead !== undefined && <p className="muted">{lead}</p>}
        </div>
        {actions !== undefined && <div className="buttons">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly flush?: boolean;
}

export function Card({ title, actions, children, flush = false }: CardProps) {
  return (
    <section className={flush ? "card card-flush" : "card"}>
      {(title !== undefined || actions !== undefined) && (
        <header className="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {actions !== undefined && <div className="buttons">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Loading() {
  return (
    <p className="loading" role="status">
      Loading …
    </p>
  );
}

export const numbers = new Intl.NumberFormat("en");

/** "1 change", "2 changes". */
export const counted = (count: number, what: string): string =>
  `${numbers.format(count)} ${what}${count === 1 ? "" : "s"}`;
