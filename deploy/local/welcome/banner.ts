// What the person who started the yard needs next, on one screen.
import type { Role, SourceSecret } from "#platform/config.ts";
import type { Endpoints } from "#platform/endpoints.ts";
import { signedCurl } from "./signed-curl.ts";

export interface BannerOptions {
  readonly endpoints: Endpoints;
  readonly adminToken: string;
  readonly sources: readonly SourceSecret[];
  readonly roles: readonly Role[];
  readonly seconds: string;
}

export function banner({ endpoints, adminToken, sources, roles, seconds }: BannerOptions): string {
  const http = endpoints.http_url;
  const hasGateway = roles.includes("gateway");
  const rows: [string, string][] = [
    ...(hasGateway
      ? ([
          ["HTTP", http],
          ["API docs", `${http}/docs`],
        ] as [string, string][])
      : []),
    ...metricsRows(endpoints),
    ["NATS", endpoints.nats_url],
    ["event store", endpoints.eventstore_url],
    ["PostgreSQL", endpoints.database_url],
    ["simulator", `${endpoints.simulator_url}/partners`],
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

/** Each process answers operators for itself. */
function metricsRows({ processes }: Endpoints): [string, string][] {
  const width = Math.max(...processes.map(({ url }) => url.length)) + "/metrics".length;
  return processes.map(({ name, url }, at) => [
    at === 0 ? "metrics" : "",
    `${`${url}/metrics`.padEnd(width)}  ${name}`,
  ]);
}
