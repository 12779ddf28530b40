import { useId } from "preact/hooks";
import type { Problem } from "../problem.ts";
import { Icon } from "./icons.tsx";

const MAX_URLS = 10;

interface UrlListProps {
  urls: readonly string[];
  problem: Problem | undefined;
  onChange: (urls: string[]) => void;
}

/** One to ten endpoint URLs, each with its own error. */
export function UrlList({ urls, problem, onChange }: UrlListProps) {
  const id = useId();
  const general = problem?.at("url");
  return (
    <fieldset class="field">
      <legend>Endpoint URLs</legend>
      <p class="hint" id={`${id}-hint`}>
        Each gets every event, by POST. They must be reachable from the internet.
      </p>
      {urls.map((url, index) => {
        const error = problem?.at(`url.${index}`);
        return (
          <div key={index} class="url-row">
            <input
              type="url"
              class="mono"
              aria-label={`URL ${index + 1}`}
              aria-describedby={error ? `${id}-${index}` : `${id}-hint`}
              aria-invalid={error !== undefined}
              placeholder="https://example.com/webhooks"
              required
              spellcheck={false}
              value={url}
              onInput={({ currentTarget }) => onChange(urls.with(index, currentTarget.value))}
            />
            {urls.length > 1 && (
              <button
                type="button"
                class="icon-only"
                aria-label={`Remove URL ${index + 1}`}
                onClick={() => onChange(urls.toSpliced(index, 1))}
              >
                <Icon name="cross" />
              </button>
            )}
            {error && (
              <p class="error" id={`${id}-${index}`}>
                {error}
              </p>
            )}
          </div>
        );
      })}
      {general && <p class="error">{general}</p>}
      {urls.length < MAX_URLS && (
        <button type="button" class="link" onClick={() => onChange([...urls, ""])}>
          <Icon name="plus" />
          Add another URL
        </button>
      )}
    </fieldset>
  );
}
