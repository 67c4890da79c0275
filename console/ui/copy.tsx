import { useState } from "react";
import { Button } from "./button.tsx";

const SHOWN_MS = 2_000;

/** Puts a text into the clipboard, where the browser lets a page do so. */
export function Copy({ text, label = "Copy" }: { readonly text: string; readonly label?: string }) {
  const [done, setDone] = useState<string>();
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setDone("Copied");
    } catch {
      setDone("Select and copy it yourself");
    }
    setTimeout(() => setDone(undefined), SHOWN_MS);
  }
  return (
    <Button size="small" onClick={() => void copy()}>
      <span aria-live="polite">{done ?? label}</span>
    </Button>
  );
}
