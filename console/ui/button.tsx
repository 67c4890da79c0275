import type { ButtonHTMLAttributes } from "react";
import "./button.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly size?: "small";
  /** Under way: it can't be pressed again, and says so to who can't see it. */
  readonly isBusy?: boolean;
}

export function Button({ kind = "plain", size, isBusy = false, className = "", ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={isBusy || rest.disabled}
      aria-busy={isBusy || undefined}
      className={`button button-${kind} ${size === "small" ? "button-small" : ""} ${className}`}
    />
  );
}
