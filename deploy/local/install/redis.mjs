// Redis is only what a benchmark compares with: nothing of the yard uses it.
import { has, installPackage } from "./debian.mjs";

export const redisIsThere = () => has("redis-server");

export function installRedis() {
  installPackage("redis-server");
  if (!redisIsThere())
    throw new Error(`redis-server, which the intake is compared with, is missing and could not be installed. This helps:
  sudo apt-get update && sudo apt-get install -y redis-server`);
}
