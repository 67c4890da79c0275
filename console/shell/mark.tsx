/** The name with its sign: a track that branches. */
export function Mark() {
  return (
    <span className="mark">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <rect width="32" height="32" rx="8" className="mark-ground" />
        <path d="M5 22h9c5 0 5-12 10-12h3M5 22h22" className="mark-track" />
        <circle cx="14" cy="22" r="2.6" className="mark-switch" />
      </svg>
      Switchyard
    </span>
  );
}
