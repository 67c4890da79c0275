// The tree as a list that a keyboard and a screen reader can walk.
import { type KeyboardEvent, useRef, useState } from "react";
import type { TreeNode } from "./tree-shape.ts";

interface Shown {
  readonly node: TreeNode;
  readonly level: number;
  readonly at: number;
  readonly of: number;
}

function shownIn(node: TreeNode, closed: ReadonlySet<string>, level = 1, at = 1, of = 1): Shown[] {
  const here = { node, level, at, of };
  if (closed.has(node.id)) return [here];
  const { children } = node;
  return [here, ...children.flatMap((one, n) => shownIn(one, closed, level + 1, n + 1, children.length))];
}

export function TreeList({ root, path }: { readonly root: TreeNode; readonly path: ReadonlySet<string> }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState(root.id);
  const list = useRef<HTMLDivElement>(null);
  const shown = shownIn(root, closed);
  const focused = shown.some(({ node }) => node.id === current) ? current : root.id;

  function go(id: string | undefined): void {
    if (id === undefined) return;
    setCurrent(id);
    list.current?.querySelector<HTMLElement>(`[data-node="${id}"]`)?.focus();
  }

  function toggle(id: string): void {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
  }

  function onKey(event: KeyboardEvent, { node }: Shown): void {
    const at = shown.findIndex((one) => one.node.id === node.id);
    const isClosed = closed.has(node.id);
    switch (event.key) {
      case "ArrowDown":
        go(shown[at + 1]?.node.id);
        break;
      case "ArrowUp":
        go(shown[at - 1]?.node.id);
        break;
      case "Home":
        go(root.id);
        break;
      case "End":
        go(shown.at(-1)?.node.id);
        break;
      case "ArrowRight":
        if (isClosed) toggle(node.id);
        else go(node.children[0]?.id);
        break;
      case "ArrowLeft":
        if (isClosed || node.isEnd) go(node.id.split(".").slice(0, -1).join(".") || undefined);
        else toggle(node.id);
        break;
      case "Enter":
      case " ":
        toggle(node.id);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return (
    <div role="tree" aria-label="Decision tree" className="tree-list" ref={list}>
      {shown.map((one) => {
        const { node, level } = one;
        return (
          <div
            key={node.id}
            role="treeitem"
            data-node={node.id}
            data-level={Math.min(level, 8)}
            aria-level={level}
            aria-posinset={one.at}
            aria-setsize={one.of}
            aria-expanded={node.isEnd ? undefined : !closed.has(node.id)}
            aria-selected={path.has(node.id)}
            tabIndex={node.id === focused ? 0 : -1}
            className={path.has(node.id) ? "tree-item tree-item-taken" : "tree-item"}
            onKeyDown={(event) => onKey(event, one)}
            onClick={() => {
              setCurrent(node.id);
              if (!node.isEnd) toggle(node.id);
            }}
          >
            {node.answer !== "" && (
              <span className="muted">{`${node.answer} ${node.isEnd ? "" : "→ "}`}</span>
            )}
            {node.label}
            {path.has(node.id) && node.isEnd && <strong> ← the submission ends here</strong>}
          </div>
        );
      })}
    </div>
  );
}
