import { Button } from "./button.tsx";
import { Copy } from "./copy.tsx";
import { Frame } from "./dialog.tsx";
import { Notice } from "./notice.tsx";
import "./shown-once.css";

interface Props {
  readonly title: string;
  readonly value: string;
  readonly hint: string;
  readonly onClose: () => void;
}

/** A secret that the server tells this one time. */
export function ShownOnce({ title, value, hint, onClose }: Props) {
  return (
    <Frame title={title} onClose={onClose}>
      <div className="dialog-body">
        <Notice tone="warn" title="It is shown this once">
          <p>{hint}</p>
        </Notice>
        <div className="shown-once">
          <code className="break">{value}</code>
          <Copy text={value} />
        </div>
        <div className="dialog-buttons">
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Frame>
  );
}
