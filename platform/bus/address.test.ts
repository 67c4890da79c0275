import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseNatsUrl } from "./address.ts";

const address = suite("NATS address");

address("names one server or several, with a user, a token or nobody", () => {
  assert.equal(parseNatsUrl("nats://127.0.0.1:4222"), { servers: ["127.0.0.1:4222"], tls: false });
  assert.equal(parseNatsUrl("tls://one.example,two.example:4333/"), {
    servers: ["one.example", "two.example:4333"],
    tls: true,
  });
  assert.equal(parseNatsUrl("nats://yard:p%40ss:word@one,two"), {
    servers: ["one", "two"],
    tls: false,
    login: { user: "yard", pass: "p@ss:word" },
  });
  assert.equal(parseNatsUrl("nats://t0ken@[::1]:4222,nats://t0ken@other"), {
    servers: ["[::1]:4222", "other"],
    tls: false,
    login: { token: "t0ken" },
  });
});

address("is refused without repeating the password", () => {
  const wrong = [
    "http://yard:hush@one",
    "yard:hush@one",
    "nats://yard:hush@",
    "nats://yard:hush@one/path",
    "nats://yard:hu%sh@one",
    "nats://yard:hush@one,tls://two",
    "nats://yard:hush@one,nats://yard:hush2@two",
  ];
  for (const url of wrong)
    assert.throws(
      () => parseNatsUrl(url),
      (error: Error) => !/hu%?sh/.test(error.message),
      url,
    );
});

address.run();
