// Where a rule leads: one partner, several in turn, shares, or where a service says.
import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import { usePartners } from "../api/queries.ts";
import type { Route } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Field, Select } from "../ui/field.tsx";

type Way = "to" | "waterfall" | "split" | "ask";

const wayOf = (route: Route): Way =>
  "to" in route ? "to" : "waterfall" in route ? "waterfall" : "split" in route ? "split" : "ask";

const firstOf = (route: Route): string => {
  if ("to" in route) return route.to;
  if ("waterfall" in route) return route.waterfall[0] ?? "";
  return "split" in route ? (route.split[0]?.to ?? "") : "";
};

function startOf(way: Way, first: string): Route {
  switch (way) {
    case "to":
      return { to: first };
    case "waterfall":
      return { waterfall: [first, ""] };
    case "split":
      return {
        split: [
          { to: first, weight: 1 },
          { to: "", weight: 1 },
        ],
      };
    case "ask":
      return { ask: "" };
  }
}

interface Props {
  readonly route: Route;
  readonly error: string | undefined;
  readonly onChange: (route: Route) => void;
}

export function RouteFields({ route, error, onChange }: Props) {
  return (
    <div className="stack">
      <div className="route-fields">
        <Places route={route} error={error} onChange={onChange} />
        <Select
          label="Way"
          value={wayOf(route)}
          onChange={({ target }) => onChange(startOf(target.value as Way, firstOf(route)))}
        >
          <option value="to">to one partner</option>
          <option value="waterfall">to the first that takes it</option>
          <option value="split">in shares</option>
          <option value="ask">where a service says</option>
        </Select>
      </div>
    </div>
  );
}

function Places({ route, error, onChange }: Props) {
  if ("ask" in route)
    return <Service chosen={route.ask} error={error} onChange={(ask) => onChange({ ask })} />;
  if ("to" in route)
    return <Partner label="Route to" chosen={route.to} error={error} onChange={(to) => onChange({ to })} />;
  if ("waterfall" in route) {
    const set = (waterfall: readonly string[]) => onChange({ waterfall });
    return (
      <div className="stack">
        {route.waterfall.map((to, n) => (
          <Partner
            // biome-ignore lint/suspicious/noArrayIndexKey: its place is what it is
            key={n}
            label={n === 0 ? "Route to" : `Else to (${n + 1})`}
            chosen={to}
            error={n === 0 ? error : undefined}
            onChange={(next) => set(route.waterfall.with(n, next))}
          />
        ))}
        <More
          onAdd={() => set([...route.waterfall, ""])}
          onRemove={() => set(route.waterfall.slice(0, -1))}
        />
      </div>
    );
  }
  const set = (split: Extract<Route, { split: unknown }>["split"]) => onChange({ split });
  return (
    <div className="stack">
      {route.split.map(({ to, weight }, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: its place is what it is
        <div key={n} className="route-share">
          <Partner
            label={n === 0 ? "Route to" : `And to (${n + 1})`}
            chosen={to}
            error={n === 0 ? error : undefined}
            onChange={(next) => set(route.split.with(n, { to: next, weight }))}
          />
          <Field
            label={n === 0 ? "Weight" : `Weight (${n + 1})`}
            type="number"
            min="0"
            step="any"
            value={weight}
            onChange={({ target }) => set(route.split.with(n, { to, weight: Number(target.value) }))}
          />
        </div>
      ))}
      <More
        onAdd={() => set([...route.split, { to: "", weight: 1 }])}
        onRemove={() => set(route.split.slice(0, -1))}
      />
    </div>
  );
}

function More({ onAdd, onRemove }: { readonly onAdd: () => void; readonly onRemove: () => void }) {
  return (
    <div className="buttons">
      <Button size="small" onClick={onAdd}>
        Add partner
      </Button>
      <Button size="small" kind="quiet" onClick={onRemove}>
        Remove the last
      </Button>
    </div>
  );
}

interface ChoiceProps {
  readonly chosen: string;
  readonly error: string | undefined;
  readonly onChange: (id: string) => void;
}

function Partner({ label, chosen, error, onChange }: ChoiceProps & { readonly label: string }) {
  const partners = usePartners().data ?? [];
  const isKnown = chosen === "" || partners.some(({ id }) => id === chosen);
  return (
    <Select label={label} value={chosen} error={error} onChange={({ target }) => onChange(target.value)}>
      <option value="">Choose a partner</option>
      {!isKnown && <option value={chosen}>{chosen}</option>}
      {partners.map(({ id, name }) => (
        <option key={id} value={id}>
          {name === id ? id : `${id} – ${name}`}
        </option>
      ))}
    </Select>
  );
}

function Service({ chosen, error, onChange }: ChoiceProps) {
  const { data = [] } = useQuery({
    queryKey: ["routing services"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly { readonly id: string }[] }>("/api/routing-services", signal))
        .items,
  });
  return (
    <Select label="Route to" value={chosen} error={error} onChange={({ target }) => onChange(target.value)}>
      <option value="">Choose a service</option>
      {data.map(({ id }) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </Select>
  );
}
