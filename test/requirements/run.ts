// npm run requirements [-- part of a row]: runs the command of each row of the table in README.md, each once.
import { execute, startYardBeside, type YardBeside } from "./execute.ts";
import { commandsOf, readRequirements } from "./table.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const parts = process.argv.slice(2);
const wanted = readRequirements().filter(
  ({ asked, command }) =>
    parts.length === 0 || parts.some((part) => asked.includes(part) || command.includes(part)),
);
if (wanted.length === 0) {
  console.error(`no row of the table in README.md has ${parts.join(" or ")}`);
  process.exit(2);
}

let failed = 0;
let yard: YardBeside | undefined;
for (const [command, rows] of commandsOf(wanted)) {
  if (rows.some(({ besideYard }) => besideYard)) yard ??= await startYardBeside();
  const { code, output, seconds } = await execute(command, rows[0]?.besideYard ? (yard?.env ?? {}) : {});
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${command} (${seconds} s)`);
  for (const { asked } of rows) console.log(`       ${asked}`);
  if (code !== 0) console.log(output);
  failed += code === 0 ? 0 : 1;
}
await yard?.stop();
console.log(`\n${wanted.length} rows, ${failed} commands failed`);
process.exit(failed === 0 ? 0 : 1);
