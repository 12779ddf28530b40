import type { ComponentChildren } from "preact";
import type { Problem } from "../problem.ts";
import { Icon } from "./icons.tsx";

/** Rows that are on their way, in the shape they will have. */
export function Loading({ label, rows = 3 }: { label: string; rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="bone" />
      ))}
    </div>
  );
}

interface EmptyProps {
  title: string;
  children: ComponentChildren;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name="empty" />
      <h3>{title}</h3>
      <div>{children}</div>
    </div>
  );
}

/** A refusal or failure, in words, with a way out when there is one. */
export function Failure({ problem, onRetry }: { problem: Problem | undefined; onRetry?: () => void }) {
  if (!problem) return null;
  return (
    <div class="notice bad" role="alert">
      <Icon name="alert" />
      <p>{problem.message}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
