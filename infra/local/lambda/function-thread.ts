import { runThread } from "../thread.ts";
import { loadFunctions } from "./lambda.ts";
import { startPoller } from "./poller.ts";
import type { FedFunction } from "./queue-fed.ts";

await runThread(async function startFunction({ lambda, mappings, folder, sqsUrl }: FedFunction) {
  const invoke = await loadFunctions([lambda], new URL(folder));
  const pollers = mappings.map((mapping) => startPoller(mapping, sqsUrl, invoke));
  return { stop: () => Promise.all(pollers.map((poller) => poller.stop())) };
});
