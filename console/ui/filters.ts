// Filters stand in the address, so that what is seen can be sent to a colleague.
import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

export interface Filters {
  /** Empty where it is not set. */
  get(name: string): string;
  /** Any change begins at the first page again. */
  set(changes: Readonly<Record<string, string>>): void;
  clear(): void;
}

export function useFilters(): Filters {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const parameters = useMemo(() => new URLSearchParams(search), [search]);

  const set = useCallback(
    (changes: Readonly<Record<string, string>>) => {
      const next = new URLSearchParams(search);
      if (!("cursor" in changes)) next.delete("cursor");
      for (const [name, value] of Object.entries(changes))
        if (value === "") next.delete(name);
        else next.set(name, value);
      const text = next.toString();
      // Another page is a step back and forth; a filter that is typed is not one for every letter.
      navigate(text === "" ? path : `${path}?${text}`, { replace: !("cursor" in changes) });
    },
    [search, path, navigate],
  );
  return useMemo(
    () => ({ get: (name) => parameters.get(name) ?? "", set, clear: () => navigate(path) }),
    [parameters, set, navigate, path],
  );
}

/** A day or minute as <input type="datetime-local"> writes it, as the API takes it. */
export const asMoment = (local: string): string | undefined => {
  const date = new Date(local);
  return local === "" || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};
