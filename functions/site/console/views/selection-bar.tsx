import { plural } from "../format.ts";

interface SelectionBarProps {
  shown: number;
  chosen: number;
  onAll: (all: boolean) => void;
  onRedeliver: () => void;
}

/** All or none of what is shown, and what to do with it. */
export function SelectionBar({ shown, chosen, onAll, onRedeliver }: SelectionBarProps) {
  return (
    <div class="selection">
      <label>
        <input
          type="checkbox"
          checked={chosen === shown}
          indeterminate={chosen > 0 && chosen < shown}
          onChange={({ currentTarget }) => onAll(currentTarget.checked)}
        />
        {chosen === 0 ? `${plural(shown, "row")} shown` : `${chosen} of ${plural(shown, "row")} selected`}
      </label>
      {chosen > 0 && (
        <button type="button" class="primary" onClick={onRedeliver}>
          Redeliver selected
        </button>
      )}
    </div>
  );
}
