import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hideSecrets, isSecretHeader, withoutUrlSecrets } from "./http-secrets.ts";

const test = suite("the secrets of a delivery over HTTP");

test("a header is secret where it was named so, in any case, and where it always is", () => {
  const delivery = { secret_headers: ["X-Key"] };
  for (const name of ["x-key", "X-KEY", "Authorization", "cookie"]) assert.ok(isSecretHeader(name, delivery));
  for (const name of ["x-key-2", "content-type"]) assert.not.ok(isSecretHeader(name, delivery));
});

test("a URL is shown without its user, and without parameters that speak of credentials", () => {
  for (const [url, shown] of [
    ["https://host/a?page=1&api_key=abc&sig=x%26y", "https://host/a?page=1&api_key=…&sig=…"],
    ["http://ann:pw@host:81/", "http://…@host:81/"],
    ["http://host/?access%5Ftoken=abc", "http://host/?access%5Ftoken=…"],
    ["http://host/?%zz=1&token", "http://host/?%zz=1&token"],
    ["http://host", "http://host/"],
  ] as const)
    assert.is(withoutUrlSecrets(url), shown);
});

test("they are hidden wherever they stand in a text, with and without the name of their scheme", () => {
  const hide = hideSecrets({
    url: "http://host/?token=url-token&page=123456",
    headers: { Authorization: "Bearer abcdef-123456", "x-pass": "passw0rd", "x-pin": "1234" },
    secret_headers: ["x-pass", "x-pin"],
    secret: "whsec_abc",
  });
  assert.is(hide("Bearer abcdef-123456, abcdef-123456"), "…, …");
  assert.is(hide("passw0rd url-token whsec_abc"), "… … …");
  // What is as short as this stands in many a text by chance; what is no secret stays.
  assert.is(hide("1234 and 123456"), "1234 and 123456");
});

test.run();
