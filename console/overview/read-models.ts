// Read models by the names of the screens that show them.

const screens: Readonly<Record<string, string>> = {
  leads: "Leads",
  identities: "People",
  partners: "Partners",
  dead_letters: "Dead letters",
  campaigns: "Campaigns",
  metrics: "Statistics",
  audit: "Audit",
  shadow: "Shadow rules",
};

/** What only the system itself reads, by what it is for; an operator looks for it by its name. */
const inside: Readonly<Record<string, string>> = {
  timers: "Timers",
  unfinished: "Unfinished work (unfinished)",
};

export interface NamedModel<T> {
  readonly label: string;
  readonly model: T;
}

/** Those that a screen shows, then, for who may rebuild them, all others. */
export function namedModels<T extends { readonly name: string }>(
  models: readonly T[],
  showsAll: boolean,
): NamedModel<T>[] {
  const known = models.flatMap((model) => {
    const label = screens[model.name];
    return label === undefined ? [] : [{ label, model }];
  });
  if (!showsAll) return known;
  const others = models.filter(({ name }) => screens[name] === undefined);
  return [...known, ...others.map((model) => ({ label: inside[model.name] ?? model.name, model }))];
}
