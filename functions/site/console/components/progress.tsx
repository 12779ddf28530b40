import { useId } from "preact/hooks";
import { toCount } from "../format.ts";

interface ProgressProps {
  label: string;
  done: number;
  of: number;
}

export function Progress({ label, done, of }: ProgressProps) {
  const id = useId();
  return (
    <div class="progress">
      <label for={id}>{label}</label>
      <span class="numbers">
        {toCount(done)} of {toCount(of)}
      </span>
      <progress id={id} value={done} max={Math.max(of, 1)} />
    </div>
  );
}
