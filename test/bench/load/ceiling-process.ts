import { Pool } from "undici";
import { signatureHeaders } from "../../../shared/domain/signature.ts";
import { benchEvent } from "./event.ts";

/** What any sender must do, and nothing else: sign and POST, over connections that stay open. */
const CONNECTIONS = 50;
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async function postAll(url: string, count: number) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  let left = count;
  async function worker() {
    while (left-- > 0) {
      const { id, json: body } = benchEvent();
      const timestampSeconds = Math.floor(Date.now() / 1000);
      const headers = {
        ...signatureHeaders([SECRET], { id, timestampSeconds, body }),
        "content-type": "application/json",
      };
      const answer = await pool.request({ method: "POST", path: pathname, headers, body });
      await answer.body.dump();
    }
  }
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  await pool.close();
  return { perSecond: count / seconds, cpuMicroseconds: (user + system) / count };
}

process.on("message", async ({ url, count }: { url: string; count: number }) => {
  process.send?.(await postAll(url, count));
});
process.on("disconnect", () => process.exit());
process.send?.({});
