// How values come out of PostgreSQL: as the driver has it, but a bigint stays whole.
import pg from "pg";

const INT8 = pg.types.builtins.INT8;
/** The driver knows it, but its list of names does not. */
const INT8_ARRAY = 1016 as typeof INT8;

const bigints = (text: string): (bigint | null)[] =>
  (pg.types.getTypeParser(INT8_ARRAY)(text) as (string | null)[]).map((one) =>
    one === null ? null : BigInt(one),
  );

export const parsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (format === "binary") return pg.types.getTypeParser(oid, "binary");
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) return bigints;
    return pg.types.getTypeParser(oid, "text");
  },
};
