import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { linkTo, usePlace } from "../router.ts";

const views = [
  ["webhooks", "Webhooks"],
  ["deliveries", "Deliveries"],
  ["undelivered", "Undelivered"],
] as const;

/** The frame of every view: where one is, where one can go. */
export function Shell({ onSignOut, children }: { onSignOut: () => void; children: ComponentChildren }) {
  const [current = "webhooks"] = usePlace().segments;
  const title = views.find(([view]) => view === current)?.[1] ?? "Webhooks";
  useEffect(
    function nameTab() {
      document.title = `${title} · claimr webhooks`;
    },
    [title],
  );
  return (
    <>
      <header class="bar">
        <div class="bar-inner">
          <a class="brand" href={linkTo(["webhooks"])}>
            <img src="console/icon.svg" alt="" width="24" height="24" />
            claimr <span>webhooks</span>
          </a>
          <nav aria-label="Views">
            {views.map(([view, label]) => (
              <a key={view} href={linkTo([view])} aria-current={view === current ? "page" : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <div class="bar-end">
            <a class="aside-link" href="docs" target="_blank" rel="noreferrer">
              API docs
            </a>
            <button type="button" class="plain" onClick={onSignOut}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main tabIndex={-1}>{children}</main>
    </>
  );
}
