import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { signatureHeaders } from "../../../shared/domain/signature.ts";
import { benchEvent } from "./event.ts";

/** What any sender must do, and nothing else: sign and POST, over connections that stay open. */
const CONNECTIONS = 50;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

interface Task {
  readonly url: string;
  readonly count: number;
  /** So many together, and the next so many so long after the start of those; unless given, one after the other. */
  readonly bursts?: { readonly size: number; readonly everyMs: number };
}

async function postOne(pool: Pool, path: string): Promise<void> {
  const { id, json: body } = benchEvent();
  const timestampSeconds = Math.floor(Date.now() / 1000);
  const headers = {
    ...signatureHeaders([SECRET], { id, timestampSeconds, body }),
    "content-type": "application/json",
  };
  const answer = await pool.request({ method: "POST", path, headers, body });
  await answer.body.dump();
}

async function postSteadily(count: number, post: () => Promise<void>): Promise<void> {
  let left = count;
  async function worker() {
    while (left-- > 0) await post();
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

async function postInBursts(
  count: number,
  { size, everyMs }: NonNullable<Task["bursts"]>,
  post: () => Promise<void>,
): Promise<void> {
  for (let left = count; left > 0; left -= size) {
    const nextAt = performance.now() + everyMs;
    await Promise.all(Array.from({ length: size }, post));
    await sleep(Math.max(0, nextAt - performance.now()));
  }
}

async function postAll({ url, count, bursts }: Task) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  const post = () => postOne(pool, pathname);
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await (bursts ? postInBursts(count, bursts, post) : postSteadily(count, post));
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  return { perSecond: count / seconds, cpuMicroseconds: (user + system) / count };
}

process.on("message", async (task: Task) => {
  process.send?.(await postAll(task));
});
process.on("disconnect", () => process.exit());
process.send?.({});
