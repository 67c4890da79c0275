// A table from its columns: the first says what the row is about. On a phone each row is a card, whose cells say what they are.
import type { ReactNode } from "react";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  readonly className?: string;
}

/** Under a name that only those need who can't see the buttons. */
export const actions = <Row,>(cell: (row: Row) => ReactNode): Column<Row> => ({
  name: "What can be done",
  cell,
  className: ACTIONS,
});
const ACTIONS = "row-buttons";

interface Props<Row> {
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** False is a column that is not for whoever looks. */
  readonly columns: readonly (Column<Row> | false)[];
  readonly className?: string;
}

const classOf = ({ isNumber, className }: Pick<Column<never>, "isNumber" | "className">): object => {
  const names = [isNumber && "number", className].filter(Boolean).join(" ");
  return names === "" ? {} : { className: names };
};

export function DataTable<Row>({ rows, keyOf, columns, className = "" }: Props<Row>) {
  const [about, ...others] = columns.filter((column) => column !== false);
  if (about === undefined) return null;
  return (
    <table className={`table table-cards ${className}`}>
      <thead>
        <tr>
          {[about, ...others].map(({ name, isNumber = false, className }) => (
            <th key={name} scope="col" {...classOf({ isNumber })}>
              {className === ACTIONS ? <span className="visually-hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            <th scope="row" {...classOf({ className: about.className ?? "break" })}>
              {about.cell(row)}
            </th>
            {others.map((column) => (
              <td
                key={column.name}
                {...(column.className !== ACTIONS && { "data-label": column.name })}
                {...classOf(column)}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
