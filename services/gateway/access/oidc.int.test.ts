// Signing in through a provider that is not ours, and behind a proxy that terminates TLS.
import { OAuth2Server } from "oauth2-mock-server";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { startTestGateway, type TestGateway } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";

const { test, parts, atEnd } = await partsSuite("signing in through OpenID");
const provider = new OAuth2Server();
let claims: Record<string, unknown> = {};
let yard: TestGateway;

test.before(async () => {
  await provider.issuer.keys.generate("RS256");
  await provider.start(await freePort(), "127.0.0.1");
  provider.service.on("beforeTokenSigning", (token) => Object.assign(token.payload, claims));
  const oidc = {
    issuer: provider.issuer.url ?? "",
    clientId: "yard",
    clientSecret: "hush",
    roles: [
      { group: "sales", role: "manager" },
      { group: "ops", role: "operator" },
    ],
  };
  yard = await startTestGateway(parts, { oidc, trustProxy: ["loopback"] });
  atEnd(() => yard.stop());
  atEnd(() => provider.stop());
});

const https = { "x-forwarded-proto": "https", "x-forwarded-host": "yard.example" };

/** As `set-cookie` says them, by name. */
function cookiesIn(headers: Readonly<Record<string, string | string[] | undefined>>): Map<string, string> {
  const all = [headers["set-cookie"] ?? []].flat();
  return new Map(all.map((one) => [one.slice(0, one.indexOf("=")), one]));
}
const sent = (cookie = ""): string => cookie.split(";", 1)[0] ?? "";

/** Through the provider and back to the callback, as a browser is led. */
async function begun(to = "/leads") {
  const start = await yard.call(`/api/login/oidc?to=${encodeURIComponent(to)}`, { headers: https });
  assert.is(start.status, 302);
  const atProvider = await fetch(String(start.headers.location), { redirect: "manual" });
  const back = new URL(String(atProvider.headers.get("location")));
  return { back, cookie: sent(cookiesIn(start.headers).get("switchyard_oidc")), start };
}

const returned = ({ pathname, search }: URL, cookie: string) =>
  yard.call(`${pathname}${search}`, { headers: { ...https, cookie } });

async function signedIn(as: Record<string, unknown>) {
  claims = as;
  const { back, cookie } = await begun();
  const done = await returned(back, cookie);
  const session = cookiesIn(done.headers).get("switchyard_session") ?? "";
  const me = await yard.call("/api/me", { headers: { cookie: sent(session) } });
  return { to: String(done.headers.location), session, me };
}

test("says that one may, and leads to the provider with a state, a nonce and a challenge", async () => {
  const { body } = await yard.call("/api/login");
  assert.equal(body, { password: true, oidc: { href: "/api/login/oidc" }, signed_in: false });
  const { start, back } = await begun();
  const there = new URL(String(start.headers.location));
  assert.is(there.origin, new URL(provider.issuer.url ?? "").origin);
  assert.is(there.searchParams.get("redirect_uri"), "https://yard.example/api/login/oidc/callback");
  assert.is(there.searchParams.get("code_challenge_method"), "S256");
  for (const name of ["state", "nonce", "code_challenge"])
    assert.ok((there.searchParams.get(name) ?? "").length >= 32, name);
  assert.is(back.host, "yard.example");
  for (const to of ["//evil.example", "/\\evil.example", "https://evil.example"])
    assert.is((await yard.call(`/api/login/oidc?to=${encodeURIComponent(to)}`)).status, 400, to);
});

test("the groups give the role, anew at each sign-in; the session is a secure cookie", async () => {
  const first = await signedIn({ sub: "u-1", preferred_username: "kim", groups: ["staff", "sales"] });
  assert.is(first.to, "/leads");
  assert.match(first.session, /; HttpOnly; Secure; SameSite=Lax$/);
  assert.equal([first.me.body.name, first.me.body.role, first.me.body.kind], ["kim", "manager", "user"]);
  const again = await signedIn({ sub: "u-1", preferred_username: "renamed", groups: ["ops", "sales"] });
  assert.equal(
    [again.me.body.name, again.me.body.role],
    ["kim", "operator"],
    "the subject counts, not the name",
  );
  const before = await yard.call("/api/me", { headers: { cookie: sent(first.session) } });
  assert.is(before.status, 401, "with another role, earlier sessions end");
  const { body } = await yard.admin("GET", "/api/users");
  assert.equal(
    body.items.map(({ name, from, state }: Record<string, string>) => [name, from, state]),
    [["kim", "oidc", "active"]],
  );
});

test("who has no group with a role, or somebody else's name, does not come in", async () => {
  const nobody = await signedIn({ sub: "u-2", preferred_username: "lee", groups: ["staff"] });
  assert.equal([nobody.to, nobody.me.status], ["/sign-in?error=not_allowed", 401]);
  const taken = await signedIn({ sub: "u-3", preferred_username: "KIM", groups: ["ops"] });
  assert.equal([taken.to, taken.me.status], ["/sign-in?error=name_taken", 401]);
});

test("another's answer, another state and another nonce are refused", async () => {
  claims = { sub: "u-4", preferred_username: "eve", groups: ["ops"] };
  const failed = "/sign-in?error=failed";
  // Each with a code of its own, which nobody has used before.
  const [one, other] = [await begun(), await begun()];
  assert.is((await returned(one.back, other.cookie)).headers.location, failed);
  const without = await begun();
  assert.is((await returned(without.back, "")).headers.location, failed);
  const forged = await begun();
  forged.back.searchParams.set("state", "forged");
  assert.is((await returned(forged.back, forged.cookie)).headers.location, failed);
  claims = { ...claims, nonce: "another" };
  const replayed = await begun();
  assert.is((await returned(replayed.back, replayed.cookie)).headers.location, failed);
  claims = { ...claims, nonce: undefined };
});

test.run();
