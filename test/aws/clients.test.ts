import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListSchedulesCommand } from "@aws-sdk/client-scheduler";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { closeServer, listen } from "../../infra/local/http-server.ts";
import { dynamoDb, scheduler, sqs } from "../../shared/aws/clients.ts";
import { userAgent } from "../../shared/version.ts";

interface Call {
  readonly request: IncomingMessage;
  readonly body: string;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => closeServer(server));
  return listen(server, 0);
}

/** The service and the credentials that the SDK finds by itself. Each look for credentials finds new ones. */
async function stubAws() {
  const calls: Call[] = [];
  const service = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      calls.push({ request, body: Buffer.concat(chunks).toString() });
      response.end("{}");
    });
  });
  let given = 0;
  const credentials = await serve((_, response) => {
    given++;
    const Expiration = new Date(Date.now() + 60_000).toISOString();
    response.end(
      JSON.stringify({
        AccessKeyId: `key${given}`,
        SecretAccessKey: `secret${given}`,
        Token: `token${given}`,
        Expiration,
      }),
    );
  });
  for (const name of ["DYNAMODB", "SQS", "SCHEDULER"]) vi.stubEnv(`AWS_ENDPOINT_URL_${name}`, service);
  for (const name of ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE"])
    vi.stubEnv(`AWS_${name}`, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials);
  return calls;
}

afterEach(() => vi.unstubAllEnvs());

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureOf({ request: { method, url, headers }, body }: Call, secret: string): string {
  const [, scope = "", names = ""] =
    /Credential=\w+\/(\S+), SignedHeaders=(\S+), /.exec(headers.authorization ?? "") ?? [];
  const canonical = [
    ...[method, url, ""],
    ...names.split(";").map((name) => `${name}:${headers[name]}`),
    ...["", names, sha256(body)],
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, toSign).toString("hex");
}

const calling = {
  DynamoDB() {
    const client = dynamoDb();
    return () => client.send(new ListTablesCommand());
  },
  SQS() {
    const client = sqs();
    return () => client.send(new ListQueuesCommand());
  },
  "EventBridge Scheduler"() {
    const client = scheduler();
    return () => client.send(new ListSchedulesCommand());
  },
};

test.each(Object.entries(calling))(
  "each call to %s says whose it is, and is signed with the credentials of its time",
  async (_, create) => {
    const calls = await stubAws();
    const call = create();
    const tokens = () => calls.map(({ request }) => String(request.headers["x-amz-security-token"]));
    // The SDK looks for new credentials beside the call that finds them old.
    await vi.waitFor(async () => {
      await call();
      expect(new Set(tokens()).size).toBe(3);
    });
    expect(calls[0]?.request.headers["user-agent"]).toBe(userAgent);
    for (const [n, token] of tokens().entries()) {
      const made = calls[n] as Call;
      const [nth] = /\d+/.exec(token) ?? [];
      expect(made.request.headers.authorization).toMatch(
        new RegExp(`Credential=key${nth}/.*Signature=${signatureOf(made, `secret${nth}`)}$`),
      );
    }
  },
);
