// A table from its columns: the first says what the row is about. On a phone each row is a card, whose cells say what they are.
import { memo, type ReactNode, useMemo } from "react";

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

interface Props<Item> {
  readonly rows: readonly Item[];
  readonly keyOf: (row: Item) => string;
  /** False is a column that is not for whoever looks. A list that is long keeps them the same, so that rows that are the same stay as they are. */
  readonly columns: readonly (Column<Item> | false)[];
  readonly className?: string;
}

const classOf = ({ isNumber, className }: Pick<Column<never>, "isNumber" | "className">): object => {
  const names = [isNumber && "number", className].filter(Boolean).join(" ");
  return names === "" ? {} : { className: names };
};

export function DataTable<Item>({ rows, keyOf, columns, className = "" }: Props<Item>) {
  const shown = useMemo(() => columns.filter((column) => column !== false), [columns]);
  return (
    <table className={`table table-cards ${className}`}>
      <thead>
        <tr>
          {shown.map(({ name, isNumber = false, className }) => (
            <th key={name} scope="col" {...classOf({ isNumber })}>
              {className === ACTIONS ? <span className="visually-hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={keyOf(row)} row={row} columns={shown} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps<Item> {
  readonly row: Item;
  readonly columns: readonly Column<Item>[];
}

const Row = memo(function Row<Item>({ row, columns: [about, ...others] }: RowProps<Item>) {
  return (
    <tr>
      {about && (
        <th scope="row" {...classOf({ className: about.className ?? "break" })}>
          {about.cell(row)}
        </th>
      )}
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
  );
}) as <Item>(props: RowProps<Item>) => ReactNode;
