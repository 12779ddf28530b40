import { useId } from "preact/hooks";
import { toCount } from "../format.ts";

interface ProgressProps {
  label: string;
  done: number;
  /** Null when nobody has counted. */
  of: number | null;
}

export function Progress({ label, done, of }: ProgressProps) {
  const id = useId();
  return (
    <div class="progress">
      <label for={id}>{label}</label>
      <span class="numbers">
        {toCount(done)} {of !== null && `of ${toCount(of)}`}
      </span>
      {of === null ? <progress id={id} /> : <progress id={id} value={done} max={Math.max(of, 1)} />}
    </div>
  );
}
