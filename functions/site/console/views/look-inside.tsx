import { Attempts } from "../components/attempts.tsx";
import { CodeBlock } from "../components/code-block.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { Modal } from "../components/modal.tsx";
import { Failure, Loading } from "../components/states.tsx";
import { useApi, useLoad } from "../hooks.ts";
import { layOutJson } from "../json-layout.ts";
import type { Delivery } from "../types.ts";

/** What was not delivered, as it was published, and what was tried. */
export function LookInside({ row, onClose }: { row: Delivery; onClose: () => void }) {
  const api = useApi();
  const { value, problem, reload } = useLoad(() => api.lookInside(row.id), row.id);
  return (
    <Modal title="Undelivered event" onClose={onClose}>
      <dl>
        <dt>Event</dt>
        <dd class="mono">{row.event_id}</dd>
        <dt>Endpoint</dt>
        <dd>
          <Endpoint url={row.url} />
        </dd>
        <dt>Reason</dt>
        <dd>{row.reason}</dd>
      </dl>
      {row.attempts.length > 0 && (
        <>
          <h3>Attempts</h3>
          <Attempts delivery={row} />
        </>
      )}
      <h3>Body</h3>
      <Failure problem={problem} onRetry={reload} />
      {!value && !problem && <Loading label="Loading the body" rows={1} />}
      {value && <CodeBlock label="Body" text={layOutJson(value.body)} />}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}
