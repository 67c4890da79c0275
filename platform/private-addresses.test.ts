import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isPrivateAddress } from "./private-addresses.ts";

const test = suite("private addresses");

for (const address of [
  "127.0.0.1",
  "127.255.0.3",
  "10.1.2.3",
  "172.31.255.255",
  "192.168.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "224.0.0.1",
  "::1",
  "[::1]",
  "::",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::a00:1",
  "2002:7f00:1::",
  "fd12::1",
  "fe80::1%eth0",
  "ff02::1",
  "192.0.0.8",
  "192.0.2.1",
  "198.18.0.1",
  "198.51.100.7",
  "203.0.113.9",
  "240.0.0.1",
  "169.254.170.2",
  "::ffff:169.254.169.254",
  "::ffff:100.64.0.1",
  "::ffff:0:7f00:1",
  "::7f00:1",
  "64:ff9b:1::a00:1",
  "64:ff9b::7f00:1",
  "100::1",
  "100:0:0:1::1",
  "2001::1",
  "2001:2::1",
  "2001:20::1",
  "2001:db8::1",
  "3fff::1",
  "4000::1",
  "5f00::1",
  "8000::1",
  "fd00:ec2::254",
  "fec0::1",
  "localhost",
]) {
  test(`${address} is private`, () => assert.is(isPrivateAddress(address), true));
}

for (const address of [
  "8.8.8.8",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700:4700::1111",
  "2001:4860:4860::8888",
  "::ffff:8.8.8.8",
  "198.20.0.1",
  "223.255.255.1",
]) {
  test(`${address} is public`, () => assert.is(isPrivateAddress(address), false));
}

test.run();
