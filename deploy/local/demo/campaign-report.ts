// What became of the demo's campaign, step by step.
import type { Ran } from "./campaign.ts";
import { DEMO_STEPS, MAILS } from "./campaign-steps.ts";
import { table } from "./report.ts";

export function campaignReport({ customers, replied, seconds, view, provider }: Ran): string {
  const { funnel, counts } = view;
  const rows = funnel.map(({ id, entered, left, failed, waiting, working }) => [
    id,
    ...[entered, left, failed, waiting, working].map(String),
  ]);
  const pace = Math.round(counts.done / seconds);
  // On a busy machine many a reply comes when its wait is over already, and its customer was reminded.
  const inTime = funnel.find(({ id }) => id === "sense")?.entered ?? 0;
  return [
    table(["step", "entered", "left", "failed", "waiting", "working"], rows),
    "",
    `${customers} customers in ${seconds.toFixed(1)} s, ${pace} a second; ${replied} replied, ${inTime} of them within the wait; ${provider.effects} mails as the provider counts.`,
  ].join("\n");
}

/** Undefined where nothing is. */
export function wrongWith({ customers, view, provider }: Ran): string | undefined {
  const { counts, funnel } = view;
  const { done, failed } = counts;
  if (done + failed !== customers) return `${customers - done - failed} customers came to no end.`;
  const sends = new Set(
    DEMO_STEPS.flatMap((step) => ("partner" in step && step.partner === MAILS ? [step.id] : [])),
  );
  const sent = funnel.reduce((sum, { id, left }) => sum + (sends.has(id) ? left : 0), 0);
  if (provider.effects > provider.ids)
    return `${provider.effects - provider.ids} mails were sent more than once.`;
  return provider.effects === sent
    ? undefined
    : `The provider has ${provider.effects} mails, and the campaign has sent ${sent}.`;
}
