import { useState } from "preact/hooks";
import { createApi } from "../api.ts";
import { TextField } from "../components/field.tsx";
import { useAction } from "../hooks.ts";
import { Problem } from "../problem.ts";

interface SignInProps {
  farewell: string | undefined;
  onSignedIn: (key: string) => void;
}

/** Tries the key before it is taken: a bad one is told here, not on every view. */
export function SignIn({ farewell, onSignedIn }: SignInProps) {
  const [key, setKey] = useState("");
  const { isBusy, problem, run } = useAction();

  async function tryKey() {
    const given = key.trim();
    try {
      await createApi(given, () => {}).webhooks({ limit: 1 });
    } catch (thrown) {
      throw explain(thrown);
    }
    onSignedIn(given);
  }
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(tryKey);
        }}
      >
        <img src="console/icon.svg" alt="" width="40" height="40" />
        <h1>claimr webhooks</h1>
        <p class="quiet">Sign in with your organisation's API key.</p>
        {farewell && !problem && <p class="notice waiting">{farewell}</p>}
        <TextField
          label="API key"
          type="password"
          mono
          required
          placeholder="claimr_…"
          hint="Kept in this tab only, until you close it or sign out."
          error={problem?.message}
          value={key}
          onInput={setKey}
        />
        <button type="submit" class="primary wide" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
        <p class="foot">
          <a href="docs">API documentation</a>
        </p>
      </form>
    </main>
  );
}

function explain(thrown: unknown): unknown {
  if (!(thrown instanceof Problem)) return thrown;
  if (thrown.status === 401)
    return new Problem(401, "This key is unknown or revoked. Check that all of it was copied.");
  if (thrown.status === 403) {
    return new Problem(
      403,
      "This key may publish events, but not manage webhooks. Use one with the integrator role.",
    );
  }
  return thrown;
}
