import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

/** The API under a path, as API Gateway has it under its stage's name; outside of it, nothing. */
export async function startStage(apiUrl: string, stagePath: string) {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    if (!path.startsWith(`${stagePath}/`)) return response.writeHead(403).end();
    const { method, headers } = request;
    const onward = send(apiUrl + path.slice(stagePath.length), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    return request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
