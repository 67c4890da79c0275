// Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce, as openid-client does it.
import { isIP } from "node:net";
import * as oidc from "openid-client";
import { z } from "zod";
import { Role, UserName } from "#domain/access/role.ts";
import { ConfigError, type OidcConfig } from "#platform/config.ts";
import type { ProviderUser } from "./sign-in.ts";

export interface Oidc {
  /** Where the browser is to go, and what is to be remembered until it comes back. */
  begin(redirectUri: string): Promise<{ readonly url: URL; readonly attempt: Attempt }>;
  /** Undefined where none of the groups has a role. Throws where the provider does not vouch for anybody. */
  finish(callback: URL, attempt: Attempt): Promise<ProviderUser | undefined>;
}

export const Attempt = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });
export type Attempt = z.infer<typeof Attempt>;

const SCOPE = "openid profile email";
/** The role that allows more counts, where several groups have one. */
const BY_RIGHTS: readonly Role[] = ["admin", "operator", "developer", "manager", "auditor", "viewer"];

const Claims = z.object({
  sub: z.string().min(1),
  preferred_username: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
  groups: z.union([z.array(z.string()), z.string().transform((one) => [one])]).optional(),
});
type Claims = z.infer<typeof Claims>;

export function createOidc({ issuer, clientId, clientSecret, roles }: OidcConfig): Oidc {
  const roleOf = new Map(
    roles.map(({ group, role }) => {
      const known = Role.safeParse(role).data;
      if (known === undefined)
        throw new ConfigError([`OIDC_ROLES gives the group ${group} the role ${role}, which there is not`]);
      return [group, known] as const;
    }),
  );
  let discovered: Promise<oidc.Configuration> | undefined;

  /** A provider that is away now is asked again by the next who signs in. */
  function provider(): Promise<oidc.Configuration> {
    const execute = isLoopback(issuer) ? [oidc.allowInsecureRequests] : [];
    discovered ??= oidc
      .discovery(new URL(issuer), clientId, clientSecret, undefined, { execute })
      .catch((error: unknown) => {
        discovered = undefined;
        throw error;
      });
    return discovered;
  }

  return {
    async begin(redirectUri) {
      const configuration = await provider();
      const [state, nonce, verifier] = [
        oidc.randomState(),
        oidc.randomNonce(),
        oidc.randomPKCECodeVerifier(),
      ];
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: SCOPE,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      return { url, attempt: { state, nonce, verifier } };
    },

    async finish(callback, { state, nonce, verifier }) {
      const configuration = await provider();
      const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const said = Claims.parse(tokens.claims());
      // Some providers tell of groups only when they are asked for the user.
      const claims =
        said.groups === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
          ? {
              ...said,
              ...Claims.parse(await oidc.fetchUserInfo(configuration, tokens.access_token, said.sub)),
            }
          : said;
      const role = BY_RIGHTS.find((one) => claims.groups?.some((group) => roleOf.get(group) === one));
      if (role === undefined) return undefined;
      return { issuer, subject: claims.sub, name: nameIn(claims), role };
    },
  };
}

function nameIn({ preferred_username, email, name, sub }: Claims): string {
  for (const one of [preferred_username, email, name, sub]) {
    const parsed = UserName.safeParse(one?.replace(/[^\p{L}\p{N} ._@+-]/gu, "").slice(0, 64));
    if (parsed.success) return parsed.data;
  }
  throw new Error("the provider gives no name that a user may have");
}

function isLoopback(url: string): boolean {
  const { hostname, protocol } = new URL(url);
  return (
    protocol === "http:" &&
    (hostname === "localhost" || (isIP(hostname) === 4 && hostname.startsWith("127.")))
  );
}
