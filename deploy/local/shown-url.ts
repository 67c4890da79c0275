// An address as the terminal shows it: where something is, without who may use it and without options, which may hold a password too.

export function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, "").replaceAll(/[^/,@]*@/g, "");
}
