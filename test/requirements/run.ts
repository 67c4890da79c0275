// npm run requirements [-- part of a row]: runs the command of each row of the tables in README.md, each once.
import { execute, startYardBeside, type YardBeside } from "./execute.ts";
import { beginning, lastLine, running } from "./progress.ts";
import { commandsOf, readRequirements } from "./table.ts";

const USAGE = `usage: npm run requirements [-- part of a row…]
Runs the command of each row of the tables in README.md, each once; with words only of the rows that have one of them.`;

process.once("SIGINT", () => {
  console.log("\ninterrupted: what was running is ended");
  process.exit(130);
});
process.once("SIGTERM", () => process.exit(1));
const parts = process.argv.slice(2);
if (parts.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
const wanted = readRequirements().filter(
  ({ asked, command }) =>
    parts.length === 0 || parts.some((part) => asked.includes(part) || command.includes(part)),
);
if (wanted.length === 0) {
  console.error(`no row of the tables in README.md has ${parts.join(" or ")}\n${USAGE}`);
  process.exit(2);
}

const commands = [...commandsOf(wanted)];
console.log(beginning(wanted, commands.length));
/** On a terminal a line takes the place of the one before. */
const anew = process.stdout.isTTY ? "\r\u001b[2K" : "";
let failed = 0;
let yard: YardBeside | undefined;
for (const [at, [command, rows]] of commands.entries()) {
  const isBeside = rows.some(({ besideYard }) => besideYard);
  const began = performance.now();
  console.log(running(at + 1, commands.length, command, isBeside));
  if (isBeside && yard === undefined) {
    console.log("       starting a yard for it …");
    yard = await startYardBeside();
  }
  let said = "";
  const show = (): void =>
    void process.stdout.write(
      `${anew}${lastLine(said, performance.now() - began)}${anew === "" ? "\n" : ""}`,
    );
  const timer = setInterval(show, process.stdout.isTTY ? 1_000 : 30_000);
  const { code, output, seconds } = await execute(command, isBeside ? (yard?.env ?? {}) : {}, (text) => {
    said = `${said}${text}`.slice(-1_000);
  });
  clearInterval(timer);
  console.log(`${anew}${code === 0 ? "ok  " : "FAIL"} ${command} (${seconds} s)`);
  for (const { asked } of rows) console.log(`       ${asked}`);
  if (code !== 0) console.log(output);
  failed += code === 0 ? 0 : 1;
}
await yard?.stop();
console.log(`\n${wanted.length} rows, ${failed} commands failed`);
process.exit(failed === 0 ? 0 : 1);
