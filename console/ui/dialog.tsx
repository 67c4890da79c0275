// A question before something is done, or an editor, above the page. React Aria keeps the focus inside and gives it back.
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "./button.tsx";
import { ProblemNotice } from "./notice.tsx";
import "./dialog.css";

interface FrameProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

/** What lies behind is inert; not every tool that helps people knows that it is hidden then. */
function useHiddenPage(): void {
  useEffect(() => {
    const page = document.getElementById("root");
    // One dialog may ask something above another.
    if (page?.hasAttribute("aria-hidden")) return;
    page?.setAttribute("aria-hidden", "true");
    return () => page?.removeAttribute("aria-hidden");
  }, []);
}

export function Frame({ title, onClose, children, wide = false }: FrameProps) {
  useHiddenPage();
  return (
    <ModalOverlay
      className="dialog-veil"
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className={wide ? "dialog dialog-wide" : "dialog"}>
        <Dialog>
          <Heading slot="title">{title}</Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps {
  readonly title: string;
  /** The verb on the button. */
  readonly verb: string;
  readonly kind?: "primary" | "danger";
  readonly cancel?: string;
  readonly children?: ReactNode;
  readonly isReady?: boolean;
  /** "stay" where something else takes its place. */
  readonly onConfirm: (form: FormData) => Promise<unknown>;
  readonly onClose: () => void;
}

export function Confirm(props: ConfirmProps) {
  const {
    title,
    verb,
    kind = "primary",
    cancel = "Cancel",
    children,
    isReady = true,
    onConfirm,
    onClose,
  } = props;
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const done = await onConfirm(new FormData(event.currentTarget));
      if (done === "stay") setBusy(false);
      else onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Frame title={title} onClose={onClose}>
      <form className="dialog-body" onSubmit={(event) => void submit(event)}>
        {children}
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <div className="dialog-buttons">
          <Button onClick={onClose}>{cancel}</Button>
          <Button type="submit" kind={kind} isBusy={isBusy} disabled={!isReady}>
            {verb}
          </Button>
        </div>
      </form>
    </Frame>
  );
}
