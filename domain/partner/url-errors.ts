import { type ConfigError, check } from "./config-error.ts";

// What is wrong with a URL that a partner is called at, whatever is sent there.

const MAX_URL = 2_048;

export function urlErrors(path: string, text: string, insteadOfUser: string): ConfigError[] {
  const { username, password } = new URL(text);
  return [
    ...lengthAndPortErrors(path, text),
    ...check(path, username + password !== "", `must not have a user or password in it; ${insteadOfUser}`),
  ];
}

export function lengthAndPortErrors(path: string, text: string): ConfigError[] {
  return [
    ...check(path, text.length > MAX_URL, `has more than ${MAX_URL} characters`),
    ...check(path, new URL(text).port === "0", "has a port that nobody listens on"),
  ];
}
