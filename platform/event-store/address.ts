// Whether EVENTSTORE_URL is an address that the client can use. The client repeats one that it can't, password and all, in its errors and
// warnings; so it is given none.
import { accessSync, constants } from "node:fs";

const HOST = String.raw`[\w.-]+(?::\d{1,5})?`;
const ADDRESS = new RegExp(
  String.raw`^esdb(?:\+discover)?://(?:[^:@/?]+:[^:@/?]+@)?${HOST}(?:,${HOST})*/?(?:\?([^?]*))?$`,
);
const SWITCH = /^(?:true|false)$/;
const NUMBER = /^\d+$/;
const ANY = /./;

/** The client's options, which it knows in any case and with - and _ in them. */
const OPTIONS: Readonly<Record<string, RegExp>> = {
  tls: SWITCH,
  // The client would check certificates all the same.
  tlsverifycert: /^true$/,
  throwonappendfailure: SWITCH,
  maxdiscoverattempts: NUMBER,
  defaultdeadline: NUMBER,
  discoveryinterval: NUMBER,
  gossiptimeout: NUMBER,
  keepaliveinterval: /^-?\d+$/,
  keepalivetimeout: /^-?\d+$/,
  nodepreference: /^(?:leader|follower|read_?only_?replica|random)$/i,
  connectionname: ANY,
  tlscafile: ANY,
  usercertfile: ANY,
  userkeyfile: ANY,
};

/** Throws what is wrong with it, without repeating any of its secrets. */
export function checkEventStoreUrl(url: string): void {
  const match = ADDRESS.exec(url);
  if (match === null) throw new Error("it has another form");
  for (const option of match[1]?.split("&") ?? []) checkOption(option);
}

function checkOption(option: string): void {
  const [given = "", value = "", ...more] = option.split("=");
  const name = given.toLowerCase().replaceAll(/[_-]/g, "");
  const allowed = OPTIONS[name];
  if (allowed === undefined || more.length > 0)
    throw new Error("the client does not know one of its options");
  if (!allowed.test(value)) throw new Error(`its option ${name} has a value that the client can't use`);
  if (!name.endsWith("file")) return;
  const path = decodeURIComponent(value);
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new Error(`its option ${name} names ${path}, which can't be read`);
  }
}
