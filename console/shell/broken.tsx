import { Component, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { Notice } from "../ui/notice.tsx";

/** A screen that fails says so, and leaves the rest of the page usable. */
export class Broken extends Component<{ readonly children: ReactNode }, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Notice tone="bad" title="This screen failed">
        <p>{error.message}</p>
        <div className="buttons">
          <Button onClick={() => location.reload()}>Load it again</Button>
        </div>
      </Notice>
    );
  }
}
