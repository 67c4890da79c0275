// Gets nats-server: Debian's package, installed where we may and unpacked where we may not, else built with Go.
import { homedir } from "node:os";
import { join } from "node:path";
import { has, installPackage, run, unpackPackage } from "./debian.mjs";
import { findNatsServer, UNPACKED } from "./nats-binary.mjs";

const GO_MODULE = "github.com/nats-io/nats-server/v2@v2.12.1";
const WAYS = [() => installPackage("nats-server"), () => unpackPackage("nats-server", UNPACKED), goBuild];

export function installNatsServer() {
  for (const way of WAYS) {
    way();
    if (findNatsServer(process.env) !== undefined) return;
  }
  throw new Error(`nats-server is missing and could not be installed. Any one of these helps:
  sudo apt-get update && sudo apt-get install -y nats-server
  go install ${GO_MODULE}
  a nats-server from https://github.com/nats-io/nats-server/releases in your PATH
  NATS_URL=nats://host:port npm start, with a server that runs already`);
}

function goBuild() {
  if (!has("go")) return;
  run({ env: { ...process.env, GOBIN: join(homedir(), "go", "bin") } }, "go", "install", GO_MODULE);
}
