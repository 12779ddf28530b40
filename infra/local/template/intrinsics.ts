import * as z from "zod";
import { localRegion } from "../settings.ts";
import type { Resource, Template } from "./synthesize.ts";

export const ACCOUNT = "000000000000";

/** Of every function: the local run has the code that is there. */
const ONLY_VERSION = "1";

const pseudoParameters: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Partition": "aws",
  "AWS::Region": localRegion,
  "AWS::URLSuffix": "amazonaws.com",
};

/** A CloudFormation function: an object with one key. Anything else is plain data. */
const intrinsic = z.union([
  z.strictObject({ Ref: z.string() }),
  z.strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) }),
  z.strictObject({ "Fn::Join": z.tuple([z.string(), z.array(z.unknown())]) }),
  z.strictObject({ "Fn::Select": z.tuple([z.coerce.number(), z.unknown()]) }),
  z.strictObject({ "Fn::Split": z.tuple([z.string(), z.unknown()]) }),
  z.strictObject({ "Fn::Sub": z.string() }),
]);
const alias = z.object({ FunctionName: z.string(), Name: z.string() });
const isFunctionName = (key: string | undefined) =>
  key !== undefined && (key === "Ref" || key.startsWith("Fn::"));

export type Resolve = (value: unknown) => unknown;

/**
 * Replaces `Ref`, `Fn::GetAtt` and the like by what they stand for in the local run, to any depth.
 * @param sqsUrl where the local SQS listens, for the queues' URLs
 * @throws for a function or an attribute it does not know, rather than guess
 */
export function resolver({ stackName, resources }: Template, sqsUrl: string): Resolve {
  function find(logicalId: string): Resource {
    const found = resources[logicalId];
    if (!found) throw new Error(`The template refers to ${logicalId}, which it does not hold`);
    return found;
  }

  function ref(logicalId: string): string {
    const pseudo = pseudoParameters[logicalId];
    if (pseudo !== undefined) return pseudo;
    const resource = find(logicalId);
    const name = physicalName(stackName, logicalId, resource);
    if (resource.Type === "AWS::Lambda::Alias") return aliasArn(resource);
    return resource.Type === "AWS::SQS::Queue" ? `${sqsUrl}/${ACCOUNT}/${name}` : name;
  }

  function aliasArn({ Properties }: Resource): string {
    const { FunctionName, Name } = alias.parse(resolve(Properties));
    return `${arn("AWS::Lambda::Function", FunctionName)}:${Name}`;
  }

  function attribute(logicalId: string, name: string): string {
    const { Type } = find(logicalId);
    if (name === "Arn") return arn(Type, physicalName(stackName, logicalId, find(logicalId)));
    if (name === "QueueName") return physicalName(stackName, logicalId, find(logicalId));
    if (Type === "AWS::Lambda::Version" && name === "Version") return ONLY_VERSION;
    if (name === "RootResourceId") return rootResourceOf(logicalId);
    throw new Error(`The local run does not know the attribute ${name} of ${logicalId} (${Type})`);
  }

  function call(node: z.infer<typeof intrinsic>): unknown {
    if ("Ref" in node) return ref(node.Ref);
    if ("Fn::GetAtt" in node) return attribute(...node["Fn::GetAtt"]);
    if ("Fn::Join" in node)
      return node["Fn::Join"][1].map((part) => z.string().parse(resolve(part))).join(node["Fn::Join"][0]);
    if ("Fn::Select" in node)
      return z.array(z.unknown()).parse(resolve(node["Fn::Select"][1])).at(node["Fn::Select"][0]);
    if ("Fn::Split" in node)
      return z.string().parse(resolve(node["Fn::Split"][1])).split(node["Fn::Split"][0]);
    return node["Fn::Sub"].replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => substitute(name));
  }

  function substitute(name: string): string {
    const [logicalId = "", attributeName] = name.split(".");
    return attributeName === undefined ? ref(logicalId) : attribute(logicalId, attributeName);
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const keys = Object.keys(value);
    if (keys.length === 1 && isFunctionName(keys[0])) {
      const known = intrinsic.safeParse(value);
      if (!known.success) throw new Error(`The local run does not know ${JSON.stringify(value)}`);
      return call(known.data);
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  }

  return resolve;
}

/** Stands for the root of a REST API, which is no resource of the template. */
export const rootResourceOf = (restApiId: string) => `${restApiId}/root`;

const nameProperties = ["TableName", "QueueName", "FunctionName", "RoleName", "Name"];

/** The name a resource was given, or one like CloudFormation's, but the same at every start. */
function physicalName(stackName: string, logicalId: string, { Type, Properties }: Resource): string {
  // References inside the API are by id, and its parts' names (a gateway's, an authorizer's) are for people.
  if (Type.startsWith("AWS::ApiGateway::")) return logicalId;
  const given = nameProperties
    .map((property) => Properties[property])
    .find((value) => typeof value === "string");
  return typeof given === "string" ? given : `${stackName}-${logicalId}`;
}

function arn(type: string, name: string): string {
  switch (type) {
    case "AWS::SQS::Queue":
      return `arn:aws:sqs:${localRegion}:${ACCOUNT}:${name}`;
    case "AWS::Lambda::Function":
      return `arn:aws:lambda:${localRegion}:${ACCOUNT}:function:${name}`;
    case "AWS::IAM::Role":
      return `arn:aws:iam::${ACCOUNT}:role/${name}`;
    case "AWS::DynamoDB::GlobalTable":
    case "AWS::DynamoDB::Table":
      return `arn:aws:dynamodb:${localRegion}:${ACCOUNT}:table/${name}`;
    default:
      return `arn:aws:${type.split("::")[1]?.toLowerCase()}:${localRegion}:${ACCOUNT}:${name}`;
  }
}
