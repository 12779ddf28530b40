import { fileURLToPath } from "node:url";
import { buildAssets } from "../../functions/site/build.ts";
import { createApiKeyTable } from "../../shared/aws/api-key-table.ts";
import { dynamoDb } from "../../shared/aws/clients.ts";
import { readConfig } from "../../shared/config.ts";
import { provideApiKey } from "./api-key.ts";
import { openLockedDatabase, prepareDataDir } from "./data-dir.ts";
import { codeOf, StartFailure } from "./failure.ts";
import { startGateway } from "./gateway/gateway.ts";
import { loadFunctions, type ServiceUrls, setFunctionEnvironment } from "./lambda/lambda.ts";
import { splitByFeeding, startQueueFed } from "./lambda/queue-fed.ts";
import { randomFrom } from "./scheduler/random.ts";
import { startScheduler } from "./scheduler/scheduler.ts";
import { startSchedulerServer } from "./scheduler/server.ts";
import { createScheduleStore } from "./scheduler/store.ts";
import { createSchedulerTarget } from "./scheduler/target.ts";
import { createQueues, createTables } from "./services/resources.ts";
import { startDynamoDb, startSqs } from "./services/services.ts";
import type { LocalSettings } from "./settings.ts";
import { synthesize } from "./template/synthesize.ts";
import { readWiring, type Wiring } from "./template/wiring.ts";

const FUNCTIONS_FOLDER = new URL("../../functions/", import.meta.url);
/** Beside the handler, as in its bundle. */
const SITE_ASSETS = fileURLToPath(new URL("site/assets", FUNCTIONS_FOLDER));

export interface LocalRun {
  /** Where the API listens, without a slash at the end. */
  readonly url: string;
  readonly apiKey: string;
  readonly services: ServiceUrls;
  /** Takes no new request, finishes what is under way, and closes everything. */
  stop(): Promise<void>;
}

type Cleanup = () => Promise<unknown>;

/**
 * Starts the whole product on this machine: resolves when all is ready, and leaves nothing running when it
 * fails.
 * @param functions where the functions' folders are: the sources unless told
 * @throws StartFailure for what the caller can mend: a taken port, a folder that cannot be used
 */
export async function startLocalRun(
  settings: LocalSettings,
  functions: URL = FUNCTIONS_FOLDER,
): Promise<LocalRun> {
  const cleanups: Cleanup[] = [];
  async function stop(): Promise<void> {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  }
  try {
    return { ...(await startAll(settings, functions, cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param cleanups gets what undoes each step, to be called from the last to the first */
async function startAll(
  settings: LocalSettings,
  functions: URL,
  cleanups: Cleanup[],
): Promise<Omit<LocalRun, "stop">> {
  const { dataDir } = settings;
  prepareDataDir(dataDir);
  const database = openLockedDatabase(dataDir);
  cleanups.push(async () => database.isOpen && database.close());

  // The services come up in threads of their own while this one synthesizes.
  const starting = [startDynamoDb(dataDir), startSqs(dataDir)] as const;
  cleanups.push(() => stopStarted(starting));
  const template = synthesize(settings.stack);
  const [dynamodb, sqs] = await Promise.all([...starting, buildAssets(SITE_ASSETS)]);
  const wiring = readWiring(template, sqs.url);
  await Promise.all([
    createTables(dynamodb.url, Object.values(wiring.tables)),
    createQueues(sqs.url, Object.values(wiring.queues)),
  ]);

  const store = createScheduleStore(database);
  const scheduler = startScheduler({
    store,
    target: createSchedulerTarget(sqs.url),
    latenessSeconds: settings.schedulerLatenessSeconds,
    random: randomFrom(settings.seed),
  });
  const schedulerServer = await startSchedulerServer({ scheduler, store, groups: wiring.scheduleGroups });
  cleanups.push(() => scheduler.stop(), schedulerServer.stop);

  const urls = { dynamodb: dynamodb.url, sqs: sqs.url, scheduler: schedulerServer.url };
  setFunctionEnvironment(wiring.functions, urls);
  const { fed, called } = splitByFeeding(wiring.functions, wiring.mappings);
  const threads = startQueueFed(fed, functions, sqs.url);
  cleanups.push(() => stopStarted(threads));
  const [invoke] = await Promise.all([loadFunctions(called, functions), ...threads]);
  const apiKey = await provideApiKey(
    settings,
    createApiKeyTable(dynamoDb(), readConfig("API_KEYS_TABLE").API_KEYS_TABLE),
  );

  const gateway = await startGateway({
    api: wiring.api,
    invoke,
    port: settings.port,
    ownPages: { "/_local": localPage(wiring, urls) },
  }).catch((error: unknown) => {
    throw portFailure(settings.port, error);
  });
  cleanups.push(gateway.stop);
  return { url: gateway.url, apiKey, services: urls };
}

function portFailure(port: number, error: unknown): unknown {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return new StartFailure(`Port ${port} is taken: stop what listens there, or set PORT.`);
    case "EACCES":
      return new StartFailure(`Port ${port} is not open to this user: set PORT to 1024 or more.`);
    default:
      return error;
  }
}

async function stopStarted(starting: readonly Promise<{ stop(): Promise<void> }>[]): Promise<void> {
  const outcomes = await Promise.allSettled(starting);
  await Promise.all(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value.stop()));
}

/**
 * `GET /_local`, which only the local run has: where to find what the template made (`infra/commands` asks).
 */
const localPage = ({ tables, queues, outputs }: Wiring, urls: ServiceUrls) => ({
  ...urls,
  outputs,
  tables: Object.fromEntries(Object.entries(tables).map(([name, { TableName }]) => [name, TableName])),
  queues: Object.fromEntries(Object.entries(queues).map(([name, { url }]) => [name, url])),
});
