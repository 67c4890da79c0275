import type { ButtonHTMLAttributes } from "react";
import "./button.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly size?: "small";
  /** Under way: it can't be pressed again, says so to who can't see it, and keeps the focus, which a disabled one loses. */
  readonly isBusy?: boolean;
}

export function Button({ kind = "plain", size, isBusy = false, className = "", onClick, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
      aria-disabled={isBusy || undefined}
      aria-busy={isBusy || undefined}
      className={`button button-${kind} ${size === "small" ? "button-small" : ""} ${className}`}
    />
  );
}
