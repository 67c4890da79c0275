import { z } from "zod";
import { type ConfigError, check } from "./config-error.ts";
import { type DeliveryKind, nothingSecret, Timeout } from "./delivery-kind.ts";

// Delivery by a function that people wrote, as it is configured. Whether it compiles is for the sandbox to say.

export const Code = z.string().min(1).max(65_536);

export const FunctionDelivery = z.strictObject({
  type: z.literal("function"),
  code: Code.meta({
    description: '(lead) => ({ outcome: "success" | "failure", reason?, price? }), sync or async',
    contentMediaType: "text/javascript",
  }),
  allowed_hosts: z.array(z.string()).max(20).optional().meta({
    description: "The hosts that it may call with fetch, with a port where that is not the usual one",
  }),
  timeout_ms: Timeout.default(10_000),
});
type FunctionDelivery = z.infer<typeof FunctionDelivery>;

export const functionDelivery: DeliveryKind<FunctionDelivery, FunctionDelivery> = {
  errors: ({ allowed_hosts = [] }) => allowed_hosts.flatMap(hostErrors),
  urls: ({ allowed_hosts = [] }) =>
    allowed_hosts.map((host, at) => [`delivery.allowed_hosts.${at}`, `https://${host}/`]),
  ...nothingSecret,
};

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9-]+(\.[a-z0-9-]+)*)(:\d+)?$/;

function hostErrors(host: string, at: number): ConfigError[] {
  const url = URL.canParse(`https://${host}/`) ? new URL(`https://${host}/`) : undefined;
  // As the URL of a call will have it.
  const isHost = url !== undefined && HOST.test(host) && [url.host, `${url.hostname}:443`].includes(host);
  return check(
    `delivery.allowed_hosts.${at}`,
    !isHost || url.port === "0",
    "is no host: use a name in lower case like api.shop.example or api.shop.example:8443",
  );
}
