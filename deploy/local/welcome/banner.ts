// What the person who started the yard needs next, on one screen.
import type { Role, SourceSecret } from "#platform/config.ts";
import type { Endpoints } from "#platform/endpoints.ts";
import { PRODUCER_INBOX } from "../parts/nats.ts";
import { shownUrl } from "../shown-url.ts";
import { signedCurl } from "./signed-curl.ts";

export interface BannerOptions {
  readonly endpoints: Endpoints;
  readonly adminToken: string;
  /** By which the first person comes in; undefined once somebody has. */
  readonly setUpLink: string | undefined;
  readonly sources: readonly SourceSecret[];
  readonly roles: readonly Role[];
  readonly seconds: string;
}

export function banner(options: BannerOptions): string {
  const { endpoints, adminToken, setUpLink, sources, roles, seconds } = options;
  const http = endpoints.http_url;
  const hasGateway = roles.includes("gateway");
  const rows: [string, string][] = [
    ...(setUpLink === undefined
      ? []
      : ([
          ["sign in", setUpLink],
          [
            "",
            "in a browser: makes the first admin, once, within a day; the next start prints another until somebody has",
          ],
        ] as [string, string][])),
    ...(hasGateway
      ? ([
          ["console", http],
          ["HTTP", http],
          ["API docs", `${http}/docs`],
        ] as [string, string][])
      : []),
    ...metricsRows(endpoints),
    ...natsRows(endpoints),
    ["event store", shownUrl(endpoints.eventstore_url)],
    ["PostgreSQL", shownUrl(endpoints.database_url)],
    ["partners", `${endpoints.simulator_url}/partners, played by the simulator`],
    ["admin token", adminToken],
  ];
  const [source] = sources;
  const lines = [
    "",
    `Switchyard is ready after ${seconds} s. Ctrl-C drains and stops it.`,
    "",
    ...rows.map(([what, where]) => `  ${what.padEnd(12)} ${where}`),
  ];
  if (hasGateway && source !== undefined)
    lines.push(
      "",
      'Send it a lead. The signature holds for five minutes; "npm run curl" prints a fresh one:',
      "",
      signedCurl(http, source),
      "",
      "See what became of it:",
      "",
      `curl -H 'authorization: Bearer ${adminToken}' '${http}/api/leads?limit=1'`,
      "",
      '"npm run demo" sends a hundred at once.',
    );
  return `${lines.join("\n")}\n`;
}

/** Our own is shown as producers use it; whom another one knows is not ours to tell. */
function natsRows({ nats_url, nats_producer_url }: Endpoints): [string, string][] {
  if (nats_producer_url === undefined) return [["NATS", shownUrl(nats_url)]];
  return [
    ["NATS", nats_producer_url],
    ["", `for producers: intake.*, submissions.*, replies.*, with the inbox prefix ${PRODUCER_INBOX}`],
  ];
}

/** Each process answers operators for itself. */
function metricsRows({ processes }: Endpoints): [string, string][] {
  const width = Math.max(...processes.map(({ url }) => url.length)) + "/metrics".length;
  return processes.map(({ name, url }, at) => [
    at === 0 ? "metrics" : "",
    `${`${url}/metrics`.padEnd(width)}  ${name}`,
  ]);
}
