import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, expect, test } from "vitest";
import { run } from "../support/local-run.ts";

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  closings.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return String(address.port);
}

async function expectSentence(args: string[], environment: Record<string, string>, sentence: string) {
  const { code, stderr } = await run(["infra/commands/ledger/main.ts", ...args], environment);
  expect(stderr).toBe(`${sentence}\n`);
  expect(code).toBe(1);
}

test.each([
  ["another service", 404, "Not found"],
  ["an older local run", 200, '{"dynamodb":"http://127.0.0.1:1","sqs":"http://127.0.0.1:1"}'],
])("%s on the port is not called nobody", async (_, status, body) => {
  const PORT = await listen((_request, response) => response.writeHead(status).end(body));
  const help = "stop it and npm start this one, or set PORT";
  await expectSentence(
    [],
    { PORT },
    `What answers on port ${PORT} is no local run of this version: ${help}.`,
  );
});

/** CloudFormation's answers (query protocol), of a stage that this version, an older one, or none was deployed to. */
async function onAws(status: number, xml: string) {
  const port = await listen((_request, response) =>
    response.writeHead(status, { "content-type": "text/xml" }).end(xml),
  );
  return {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    ...{ AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  };
}

const stackWith = (outputs: Record<string, string>) => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
    <StackName>claimr-webhooks-dev</StackName><Outputs>${members.join("")}</Outputs>
  </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
};

test("a stage that an older version was deployed to is told so, naming what it lacks", async () => {
  const old = {
    ApiUrl: "https://x",
    ApiKeysTable: "k",
    DeliveriesTable: "d",
    EventsDeadLettersUrl: "https://q",
  };
  const missing = "UndeliveredTable, DeliveriesDeadLettersUrl, RedeliveriesDeadLettersUrl";
  await expectSentence(
    ["--stage", "dev"],
    await onAws(200, stackWith(old)),
    `Stage dev has no output ${missing}: deploy this version first.`,
  );
});

test("a stage that is not deployed is told so", async () => {
  const message = "Stack with id claimr-webhooks-dev does not exist";
  const error = `<Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error>`;
  await expectSentence(
    ["--stage", "dev"],
    await onAws(400, `<ErrorResponse>${error}</ErrorResponse>`),
    "There is no stack claimr-webhooks-dev here: deploy stage dev first, or set AWS_REGION.",
  );
});

test("another refusal of AWS is given as it is", async () => {
  const error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not allowed</Message></Error>";
  await expectSentence(
    ["--stage", "dev"],
    await onAws(403, `<ErrorResponse>${error}</ErrorResponse>`),
    "Not allowed",
  );
});
