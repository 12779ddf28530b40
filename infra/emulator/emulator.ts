import * as z from "zod";
import { childEnvironment, readEnvironment } from "../../shared/config.ts";
import { StartFailure } from "../local/failure.ts";
import { localRegion } from "../local/settings.ts";

/** What speaks LocalStack's API on this machine. */
export interface Emulator {
  readonly endpoint: string;
  /** Options for a client of the AWS SDK. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** What points a child process to it: the CDK CLI, or another command of this project. */
  readonly environment: Readonly<Record<string, string>>;
}

const variables = {
  AWS_ENDPOINT_URL: z.url().default("http://127.0.0.1:4566"),
  AWS_REGION: z.string().default(localRegion),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
};

/** Emulators ask for some, and take any. */
export const anyCredentials = { accessKeyId: "test", secretAccessKey: "test" };

/** Answered by LocalStack, and by those who speak its API; never by AWS. */
const HEALTH_PATH = "/_localstack/health";

/**
 * The emulator at AWS_ENDPOINT_URL.
 * @throws StartFailure when what is there is no emulator, so that nothing of AWS is touched by mistake
 */
export async function findEmulator(): Promise<Emulator> {
  const given = readEnvironment(variables);
  // A name has the SDK look for <bucket>.localhost, which few machines resolve; an address does not.
  const endpoint = given.AWS_ENDPOINT_URL.replace("//localhost", "//127.0.0.1").replace(/\/$/, "");
  const healthy = await fetch(endpoint + HEALTH_PATH).catch(() => undefined);
  if (!healthy?.ok) {
    const help = "start one (docs/emulators.md), or set AWS_ENDPOINT_URL";
    throw new StartFailure(`No emulator answers at ${endpoint}: ${help}.`);
  }
  const {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  } = given;
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : anyCredentials;
  return {
    endpoint,
    client: { endpoint, region, credentials },
    environment: childEnvironment({
      ...{ AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint },
      ...{ AWS_REGION: region, AWS_DEFAULT_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    }),
  };
}
