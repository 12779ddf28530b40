import { useState } from "preact/hooks";
import { Badge } from "../components/badge.tsx";
import { Endpoint } from "../components/endpoint.tsx";
import { TextField } from "../components/field.tsx";
import { Failure } from "../components/states.tsx";
import { toDuration } from "../format.ts";
import { useAction, useApi } from "../hooks.ts";
import type { TestReport, TestResult, Webhook } from "../types.ts";
import { beyondFields } from "./webhook-fields.tsx";

/** Sends a sample event to every endpoint now, and says what came of it at each. */
export function TestArea({ webhook }: { webhook: Webhook }) {
  const api = useApi();
  const { isBusy, problem, run } = useAction();
  const [user, setUser] = useState("");
  const [report, setReport] = useState<TestReport>();

  async function test() {
    setReport(undefined);
    setReport(await api.test(webhook.hook_id, user.trim()));
  }
  return (
    <section class="card" aria-labelledby="test-title">
      <h2 id="test-title">Test</h2>
      <p class="quiet">A complete sample event, sent now, once, to every endpoint. It is not retried.</p>
      <form
        class="test-form"
        onSubmit={(event) => {
          event.preventDefault();
          void run(test);
        }}
      >
        <TextField
          label="User ID"
          mono
          required
          placeholder="23945872938472"
          error={problem?.of("user")}
          value={user}
          onInput={setUser}
        />
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? "Sending…" : "Test"}
        </button>
      </form>
      <Failure problem={beyondFields(problem)} />
      <ul class="results" aria-live="polite">
        {report?.results.map((result) => (
          <Result key={result.url} result={result} />
        ))}
      </ul>
    </section>
  );
}

function Result({ result: { url, delivered, status, duration_ms, error } }: { result: TestResult }) {
  return (
    <li>
      <Badge status={delivered ? "delivered" : "failed"} />
      <div class="what">
        <Endpoint url={url} />
        <span class="quiet">
          {error ?? `answered ${status}`}, after {toDuration(duration_ms)}
        </span>
      </div>
    </li>
  );
}
