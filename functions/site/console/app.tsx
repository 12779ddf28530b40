import { render } from "preact";
import { useMemo, useState } from "preact/hooks";
import { createApi } from "./api.ts";
import { Shell } from "./components/shell.tsx";
import { Toaster } from "./components/toast.tsx";
import { ApiProvider } from "./hooks.ts";
import { usePlace } from "./router.ts";
import { session } from "./session.ts";
import { DeliveriesView } from "./views/deliveries.tsx";
import { SignIn } from "./views/sign-in.tsx";
import { UndeliveredView } from "./views/undelivered.tsx";
import { WebhookView } from "./views/webhook.tsx";
import { WebhooksView } from "./views/webhooks.tsx";

function App() {
  const [key, setKey] = useState(session.read);
  const [farewell, setFarewell] = useState<string>();

  function signIn(given: string) {
    session.keep(given);
    setFarewell(undefined);
    setKey(given);
  }
  function signOut(why?: string) {
    session.forget();
    setFarewell(why);
    setKey(undefined);
  }
  const api = useMemo(
    () => key && createApi(key, () => signOut("This key is no longer valid. Sign in with another.")),
    [key],
  );

  if (!api) return <SignIn farewell={farewell} onSignedIn={signIn} />;
  return (
    <ApiProvider value={api}>
      <Shell onSignOut={() => signOut()}>
        <View />
      </Shell>
      <Toaster />
    </ApiProvider>
  );
}

function View() {
  const { segments, query } = usePlace();
  const [view, id] = segments;
  switch (view) {
    case "deliveries":
      return <DeliveriesView query={query} />;
    case "undelivered":
      return <UndeliveredView query={query} />;
    default:
      return id === undefined ? <WebhooksView /> : <WebhookView key={id} hookId={id} />;
  }
}

const root = document.getElementById("app");
if (root) render(<App />, root);
