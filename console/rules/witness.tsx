/** A submission that shows it. */
export function Witness({ witness }: { readonly witness: Readonly<Record<string, unknown>> }) {
  return (
    <details className="witness">
      <summary>A submission that shows it</summary>
      <pre>{JSON.stringify(witness, null, 2)}</pre>
    </details>
  );
}
