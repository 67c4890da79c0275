import type { ReactNode } from "react";
import { Problem } from "../api/client.ts";
import "./notice.css";

interface Props {
  readonly tone?: "info" | "good" | "warn" | "bad";
  readonly title?: string;
  readonly children?: ReactNode;
}

export function Notice({ tone = "info", title, children }: Props) {
  return (
    <div className={`notice notice-${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {title !== undefined && <strong>{title}</strong>}
      {children}
    </div>
  );
}

/** What the API refused, in its own words, with what was wrong where. */
export function ProblemNotice({ problem }: { readonly problem: unknown }) {
  const message = problem instanceof Error ? problem.message : String(problem);
  const title = problem instanceof Problem ? problem.title : "That did not work";
  const errors = problem instanceof Problem ? problem.errors : [];
  return (
    <Notice tone="bad" title={title}>
      <p>{message}</p>
      {errors.length > 0 && (
        <ul className="notice-list">
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path !== "" && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

/** Instead of a list with nothing in it: why there is nothing, and what to do. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 48 24" width="72" height="36" aria-hidden="true">
        <path d="M2 18h14c8 0 8-12 16-12h14M2 18h44" />
      </svg>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
