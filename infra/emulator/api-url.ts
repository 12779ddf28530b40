import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import type { Emulator } from "./emulator.ts";

/**
 * Where the emulator serves the REST API of a stack. Of AWS's own form, which is what the stack's output has, the
 * host is one that only AWS answers at.
 * @returns without a slash at its end
 * @throws Error when there is no such stack, or it has no API
 */
export async function apiUrlOf({ client, endpoint }: Emulator, StackName: string): Promise<string> {
  const { Stacks = [] } = await new CloudFormationClient(client).send(
    new DescribeStacksCommand({ StackName }),
  );
  const output = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === "ApiUrl")?.OutputValue;
  const [, id, stage] = /^https?:\/\/([^./]+)\.execute-api\.[^/]+\/([^/]+)/.exec(output ?? "") ?? [];
  if (!id || !stage) throw new Error(`The output ApiUrl of ${StackName} is no URL of a REST API: ${output}`);
  return `${endpoint}/restapis/${id}/${stage}/_user_request_`;
}
