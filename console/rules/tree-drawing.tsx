import { hierarchy, tree as layout } from "d3-hierarchy";
import { useMemo } from "react";
import type { TreeNode } from "./tree-shape.ts";

const ROW = 46;
const COLUMN = 300;
const WIDTH = 236;
const MAX_LETTERS = 34;

const short = (text: string): string =>
  text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS - 1)}…` : text;

/** For the eye alone: the list beside it says the same to everybody. */
export function TreeDrawing({ root, path }: { readonly root: TreeNode; readonly path: ReadonlySet<string> }) {
  const { nodes, links, top, height, width } = useMemo(() => {
    const placed = layout<TreeNode>().nodeSize([ROW, COLUMN])(
      hierarchy(root, ({ children }) => [...children]),
    );
    const all = placed.descendants();
    const xs = all.map(({ x }) => x);
    const top = Math.min(...xs) - ROW / 2;
    return {
      nodes: all,
      links: placed.links(),
      top,
      height: Math.max(...xs) + ROW / 2 - top,
      width: Math.max(...all.map(({ y }) => y)) + WIDTH + 8,
    };
  }, [root]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="tree-drawing" aria-label="Drawing of the tree" tabIndex={0}>
      <svg viewBox={`-4 ${top} ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {links.map(({ source, target }) => (
          <g key={target.data.id} className={path.has(target.data.id) ? "tree-link tree-taken" : "tree-link"}>
            <path
              d={`M${source.y + WIDTH},${source.x}C${source.y + WIDTH + 32},${source.x} ${target.y - 32},${target.x} ${target.y},${target.x}`}
            />
          </g>
        ))}
        {nodes.map(({ x, y, data }) => (
          <g
            key={data.id}
            transform={`translate(${y},${x})`}
            className={`tree-node${data.isEnd ? " tree-end" : ""}${path.has(data.id) ? " tree-taken" : ""}`}
          >
            <title>{`${data.answer} ${data.label}`}</title>
            <rect x="0" y={-18} width={WIDTH} height="36" rx="7" />
            {data.answer !== "" && (
              <text x="10" y="-4" className="tree-answer">
                {short(data.answer)}
              </text>
            )}
            <text x="10" y={data.answer === "" ? 4 : 11}>
              {short(data.label)}
            </text>
          </g>
        ))}
      </svg>
    </section>
  );
}
