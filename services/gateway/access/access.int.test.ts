// Coming in and going out: links, passwords, sessions and tokens, over HTTP.
import * as assert from "uvu/assert";
import { ADMIN_TOKEN, type HttpResponse, storedIn } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { checkPassword } from "./passwords.ts";

const { test, yard, parts } = await gatewaySuite("people and tokens");

const PASSWORD = "correct horse battery staple";
const json = { "content-type": "application/json" };

const post = (path: string, body: object, headers = {}): Promise<HttpResponse> =>
  yard.call(path, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });

function cookieOf({ headers }: HttpResponse): string {
  const [cookie = ""] = [headers["set-cookie"] ?? ""].flat();
  return cookie.split(";", 1)[0] ?? "";
}

const me = (cookie: string): Promise<HttpResponse> => yard.call("/api/me", { headers: { cookie } });
const secretIn = (url: string): string => new URL(url).hash.slice(1);
/** What all gateways do when another has changed something. */
const forget = (): Promise<unknown> => yard.database().query("select pg_notify('access', '')");

async function invited(
  name: string,
  role: string,
): Promise<{ readonly id: string; readonly cookie: string }> {
  const { status, body } = await yard.admin("POST", "/api/users", { name, role });
  assert.is(status, 201, JSON.stringify(body));
  const done = await post("/api/setup", { token: secretIn(body.setup_url), password: PASSWORD });
  assert.is(done.status, 200, done.text);
  return { id: body.id, cookie: cookieOf(done) };
}

test("the first link makes the first admin, once, and no more after that", async () => {
  const first = await yard.admin("POST", "/api/setup-links");
  const second = await yard.admin("POST", "/api/setup-links");
  assert.equal([first.status, second.status], [201, 201]);
  assert.match(second.body.setup_url, /^http:\/\/127\.0\.0\.1:\d+\/set-up#[\w-]{43}$/);
  const early = secretIn(first.body.setup_url);
  assert.is((await post("/api/setup/check", { token: early })).status, 404, "the newer one replaces it");
  const token = secretIn(second.body.setup_url);
  const checked = await post("/api/setup/check", { token });
  assert.equal([checked.body.role, checked.body.name], ["admin", undefined]);
  const nameless = await post("/api/setup", { token, password: PASSWORD });
  assert.equal([nameless.status, nameless.body.errors[0].path], [422, "name"]);
  const weak = await post("/api/setup", { token, name: "Ada", password: "ada is short" });
  assert.equal([weak.status, weak.body.errors[0].path], [422, "password"]);
  const both = await Promise.all([
    post("/api/setup", { token, name: "Ada", password: PASSWORD }),
    post("/api/setup", { token, name: "Eve", password: PASSWORD }),
  ]);
  assert.equal(both.map(({ status }) => status).sort(), [200, 404], "of two at once, one");
  const done = both.find(({ status }) => status === 200) as HttpResponse;
  const [cookie = ""] = [done.headers["set-cookie"] ?? ""].flat();
  assert.match(cookie, /^switchyard_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/);
  const { body } = await me(cookieOf(done));
  assert.equal([body.kind, body.role, body.personal_data], ["user", "admin", "shown"]);
  assert.ok(body.permissions.includes("users.change"));
  assert.is((await yard.admin("POST", "/api/setup-links")).status, 409);
  assert.is((await post("/api/setup/check", { token })).status, 404);
});

test("somebody who is invited sets a password, signs in and out", async () => {
  const { cookie } = await invited("Mira Moll", "manager");
  const { body } = await me(cookie);
  assert.equal([body.name, body.role, body.personal_data], ["Mira Moll", "manager", "shown"]);
  assert.not(body.permissions.includes("users.change"));
  const twice = await yard.admin("POST", "/api/users", { name: "mira moll", role: "viewer" });
  assert.is(twice.status, 409);
  const signedIn = await post("/api/login", { name: "mira moll", password: PASSWORD });
  assert.equal([signedIn.status, signedIn.body.name], [200, "Mira Moll"]);
  const session = cookieOf(signedIn);
  const ways = await yard.call("/api/login", { headers: { cookie: session } });
  // When the session ends unless it is used moves with each use.
  const { session: told, ...who } = ways.body.me;
  const { session: asked, ...same } = (await me(session)).body;
  assert.equal([ways.body.signed_in, who, told.expires_at], [true, same, asked.expires_at]);
  const out = await yard.call("/api/logout", {
    method: "POST",
    headers: { cookie: session, "sec-fetch-site": "same-origin" },
  });
  assert.is(out.status, 204);
  assert.match(String(out.headers["set-cookie"]), /^switchyard_session=; Max-Age=0;/);
  assert.is((await me(session)).status, 401);
  const after = await yard.call("/api/login", { headers: { cookie: session } });
  assert.equal(after.body, { password: true, signed_in: false });
  assert.is((await me(cookie)).status, 200, "another session goes on");
});

test("five failures lock a name for a minute, whether somebody has it or not", async () => {
  await invited("Lock", "viewer");
  for (const name of ["lock", "nobody at all"]) {
    const attempts = await Promise.all(
      Array.from({ length: 7 }, () => post("/api/login", { name, password: "wrong wrong wrong" })),
    );
    assert.equal(attempts.map(({ status }) => status).sort(), [401, 401, 401, 401, 401, 429, 429]);
    const right = await post("/api/login", { name: name.toUpperCase(), password: PASSWORD });
    assert.is(right.status, 429);
    const seconds = Number(right.headers["retry-after"]);
    assert.ok(seconds > 30 && seconds <= 60, `${seconds} s`);
    assert.match(right.body.detail, /minute/);
  }
  const minuteAgo = "update access.sign_in_failures set locked_until = now() - interval '1 s'";
  await yard.database().execute(minuteAgo);
  assert.is((await post("/api/login", { name: "Lock", password: PASSWORD })).status, 200);
  const texts = await Promise.all([
    post("/api/login", { name: "Lock", password: "wrong" }),
    post("/api/login", { name: "never was", password: "wrong" }),
    post("/api/login", { token: "swy_wrong" }),
  ]);
  assert.is(new Set(texts.map(({ status, text }) => `${status} ${text}`)).size, 1, "one text for all");
});

test("a password that there was no room to check is no failure", async () => {
  await invited("Busy", "viewer");
  let isFull = true;
  const others = Array.from({ length: 22 }, async () => {
    while (isFull) await checkPassword("wrong wrong wrong", undefined);
  });
  const signIn = () => post("/api/login", { name: "Busy", password: PASSWORD });
  for (let n = 0; n < 6; n += 1) {
    const { status, body } = await signIn();
    assert.is(status, 429);
    assert.match(body.detail, "As many passwords are being checked as can be at once");
  }
  isFull = false;
  await Promise.all(others);
  assert.is((await signIn()).status, 200);
});

test("what can't be anybody's name is told so, whoever asks", async () => {
  for (const name of ["Lo\0ck", "Lo\ud800ck"]) {
    const { status, body } = await post("/api/login", { name, password: PASSWORD });
    assert.equal([status, body.errors?.[0].path], [400, "name"], JSON.stringify(name));
  }
});

test("a session ends when it is idle, when its time is up, and when it is revoked", async () => {
  const { id, cookie } = await invited("Sess", "operator");
  const age = async (set: string): Promise<void> => {
    await yard.database().execute(`update access.sessions set ${set} where user_id = $1`, [id]);
    await forget();
  };
  assert.is((await me(cookie)).status, 200);
  await age("last_seen_at = now() - interval '31 minutes'");
  await until("it is idle for too long", async () => (await me(cookie)).status === 401);
  const again = cookieOf(await post("/api/login", { name: "Sess", password: PASSWORD }));
  assert.is((await me(again)).status, 200);
  await age("expires_at = now() - interval '1 s'");
  await until("its time is up", async () => (await me(again)).status === 401);
  const third = cookieOf(await post("/api/login", { name: "Sess", password: PASSWORD }));
  assert.is((await yard.admin("DELETE", `/api/users/${id}/sessions`)).status, 204);
  assert.is((await me(third)).status, 401, "at once");
  const fourth = cookieOf(await post("/api/login", { name: "Sess", password: PASSWORD }));
  assert.is((await yard.admin("PUT", `/api/users/${id}`, { role: "viewer" })).body.role, "viewer");
  assert.is((await me(fourth)).status, 401, "with another role one signs in anew");
  assert.is((await yard.admin("DELETE", `/api/users/${id}`)).status, 204);
  assert.is((await post("/api/login", { name: "Sess", password: PASSWORD })).status, 401);
  assert.is((await yard.admin("POST", "/api/users", { name: "sess", role: "viewer" })).status, 409);
});

test("changing the password ends the other sessions, and sessions can be ended one by one", async () => {
  const { cookie } = await invited("Pat", "developer");
  const others = await Promise.all([1, 2].map(() => post("/api/login", { name: "Pat", password: PASSWORD })));
  const [one = "", two = ""] = others.map(cookieOf);
  const own = { cookie, "sec-fetch-site": "same-origin" };
  const { body } = await yard.call("/api/me/sessions", { headers: { cookie } });
  assert.is(body.items.length, 3);
  assert.equal(body.items.filter((item: { current: boolean }) => item.current).length, 1);
  const { body: seenByOne } = await yard.call("/api/me/sessions", { headers: { cookie: one } });
  const { id } = seenByOne.items.find((item: { current: boolean }) => item.current);
  const ended = await yard.call(`/api/me/sessions/${id}`, { method: "DELETE", headers: own });
  assert.is(ended.status, 204);
  assert.equal([(await me(one)).status, (await me(two)).status], [401, 200]);
  const wrong = await post("/api/me/password", { current: "wrong", password: `${PASSWORD}!` }, own);
  assert.equal([wrong.status, wrong.body.errors[0].path], [422, "current"]);
  const right = await post("/api/me/password", { current: PASSWORD, password: `${PASSWORD}!` }, own);
  assert.is(right.status, 204);
  assert.equal([(await me(two)).status, (await me(cookie)).status], [401, 200]);
});

test("a token has its role until it is revoked or over, and is kept as a hash only", async () => {
  const made = await yard.admin("POST", "/api/tokens", { name: "export", role: "auditor" });
  assert.is(made.status, 201);
  const { id, token } = made.body;
  assert.match(token, /^swy_[\w-]{43}$/);
  const bearer = { authorization: `Bearer ${token}` };
  const who = await yard.call("/api/me", { headers: bearer });
  assert.equal([who.body.kind, who.body.name, who.body.role], ["token", "export", "auditor"]);
  await until("its use is noted", async () => {
    const { body } = await yard.admin("GET", "/api/tokens");
    return body.items[0].last_used_at !== undefined;
  });
  const { body: list } = await yard.admin("GET", "/api/tokens");
  assert.not.match(JSON.stringify(list), /swy_/);
  assert.is((await yard.admin("POST", "/api/tokens", { name: "export", role: "viewer" })).status, 409);
  const session = cookieOf(await post("/api/login", { token }));
  assert.equal((await me(session)).body.kind, "token");
  assert.is((await yard.admin("DELETE", `/api/tokens/${id}`)).status, 204);
  assert.is((await yard.call("/api/me", { headers: bearer })).status, 401, "at once");
  assert.is((await me(session)).status, 401, "its sessions end with it");
  const over = { name: "over", role: "viewer", expires_at: new Date(Date.now() - 1_000).toISOString() };
  assert.is((await yard.admin("POST", "/api/tokens", over)).status, 422);
  const soon = { ...over, expires_at: new Date(Date.now() + 60_000).toISOString() };
  const { body: short } = await yard.admin("POST", "/api/tokens", soon);
  const shortBearer = { authorization: `Bearer ${short.token}` };
  assert.is((await yard.call("/api/me", { headers: shortBearer })).status, 200);
  await yard.database().execute("update access.tokens set expires_at = now() where id = $1", [short.id]);
  await forget();
  await until(
    "it is over",
    async () => (await yard.call("/api/me", { headers: shortBearer })).status === 401,
  );
});

test("the admin token signs in too, and what changes by cookie must come from the same origin", async () => {
  const signedIn = await post("/api/login", { token: ADMIN_TOKEN });
  assert.equal([signedIn.status, signedIn.body.kind, signedIn.body.name], [200, "admin", "admin"]);
  const cookie = cookieOf(signedIn);
  const change = (headers: Record<string, string>): Promise<HttpResponse> =>
    yard.call("/api/sources/web", {
      method: "PUT",
      headers: { ...json, cookie, ...headers },
      body: JSON.stringify({ name: "Web" }),
    });
  const refused = [
    {},
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "none" },
    { origin: "https://elsewhere.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site", origin: yard.url },
  ];
  for (const headers of refused) {
    const { status, body } = await change(headers as Record<string, string>);
    assert.equal([status, body.type], [403, "urn:switchyard:problem:cross_origin"], JSON.stringify(headers));
  }
  for (const headers of [{ "sec-fetch-site": "same-origin" }, { origin: yard.url }])
    assert.is((await change(headers as Record<string, string>)).status, 200, JSON.stringify(headers));
  const reading = { cookie, "sec-fetch-site": "cross-site" };
  assert.is((await yard.call("/api/sources", { headers: reading })).status, 200);
  const elsewhere = { "sec-fetch-site": "cross-site" };
  assert.is((await post("/api/login", { token: ADMIN_TOKEN }, elsewhere)).status, 403);
});

test("an event store that is away keeps nobody from signing in, and hears of it once, later", async () => {
  const signIns = async (): Promise<number> =>
    (await storedIn("access", yard)).filter(
      ({ type, metadata }) => type === "SignedIn" && metadata.by === "admin",
    ).length;
  const before = await signIns();
  parts.freeze();
  try {
    assert.is((await post("/api/login", { token: ADMIN_TOKEN })).status, 200);
  } finally {
    parts.thaw();
  }
  const waiting = "select count(*) from access.unrecorded";
  await until("the log was told", async () => {
    const [row] = await yard.database().query<{ count: bigint }>(waiting);
    return row?.count === 0n;
  });
  assert.is(await signIns(), before + 1);
});

test("nothing secret is stored or logged in the clear", async () => {
  const { cookie } = await invited("Secrets", "viewer");
  const { body } = await yard.admin("POST", "/api/tokens", { name: "hidden", role: "viewer" });
  const { secret } = { secret: cookie.split("=")[1] ?? "" };
  const events = JSON.stringify((await storedIn("access", yard)).map(({ data }) => data));
  const rows = await yard.database().query<{ all: string }>(
    `select concat((select json_agg(u) from access.users u), (select json_agg(t) from access.tokens t),
       (select json_agg(s) from access.sessions s), (select json_agg(l) from access.setup_links l)) as all`,
  );
  for (const text of [events, rows[0]?.all ?? "", yard.logged()])
    for (const hidden of [secret, body.token, PASSWORD])
      assert.not(text.includes(hidden), `${hidden} in ${text.slice(0, 200)}`);
  assert.match(rows[0]?.all ?? "", /\$scrypt\$ln=15,r=8,p=3\$/);
});

test.run();
