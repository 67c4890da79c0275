/** Where a configuration is wrong, and what with: never what stands there, since it may be a secret. */
export interface ConfigError {
  readonly path: string;
  readonly message: string;
}

export const check = (path: string, isWrong: boolean, message: string): ConfigError[] =>
  isWrong ? [{ path, message }] : [];

export const atMost = (path: string, value: number | undefined, max: number): ConfigError[] =>
  check(path, value !== undefined && value > max, `must be at most ${max}`);
