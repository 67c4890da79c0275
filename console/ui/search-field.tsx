import { useEffect, useState } from "react";
import { Field } from "./field.tsx";

const TYPING_MS = 300;

interface Props {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly onChange: (value: string) => void;
}

/** Tells of a change once the typing has paused. */
export function SearchField({ label, value, placeholder, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  // A blank between two words that is told of without it is still there for the next word.
  useEffect(() => setTyped((now) => (now.trim() === value ? now : value)), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <Field
      label={label}
      type="search"
      value={typed}
      {...(placeholder !== undefined && { placeholder })}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
