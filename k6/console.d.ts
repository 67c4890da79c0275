/** k6 has it in every script; its types leave it out. */
declare const console: { log(line: string): void };
