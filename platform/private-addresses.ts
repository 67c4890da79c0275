// Which network addresses are not the public internet: nobody's configuration may send us there unless that is allowed.
import { BlockList, isIP } from "node:net";

type Range = readonly [network: string, prefix: number];

/** IANA's special-purpose registries, and multicast. An IPv4-mapped IPv6 address is judged by the IPv4 address in it. */
const ranges: readonly Range[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // link-local, and where clouds serve credentials
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24], // documentation, as are 198.51.100.0, 203.0.113.0, 2001:db8:: and 3fff::
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3], // multicast, reserved, broadcast
  ["2001::", 23], // Teredo, ORCHID and others that hide an address
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4: an IPv4 address in disguise
  ["3fff::", 20],
];
/** All other IPv6 addresses are no global unicast: loopback, ULA, link-local, NAT64, multicast, and what nobody has given out. */
const GLOBAL_UNICAST: Range = ["2000::", 3];
const IPV4_MAPPED: Range = ["::ffff:0:0", 96];

const listOf = (...all: readonly Range[]): BlockList => {
  const list = new BlockList();
  for (const [network, prefix] of all) list.addSubnet(network, prefix, isIP(network) === 6 ? "ipv6" : "ipv4");
  return list;
};
const blocked = listOf(...ranges);
const usual = listOf(GLOBAL_UNICAST, IPV4_MAPPED);

/** For an address as DNS or a URL gives it; what is no address at all counts as private. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const family = isIP(bare);
  if (family === 4) return blocked.check(bare, "ipv4");
  return family === 0 || !usual.check(bare, "ipv6") || blocked.check(bare, "ipv6");
}
