import { Fn, RemovalPolicy, Validations } from "aws-cdk-lib";
import {
  CfnEIP,
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Effect, type IRole, ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { StackSettings } from "../settings.ts";

/** SQS, EventBridge Scheduler and X-Ray are called over it, whatever ports are open to endpoints. */
const HTTPS_PORT = 443;
const ATTACHING = "service-role/AWSLambdaVPCAccessExecutionRole";
const PLACE = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };

/**
 * A network with one NAT gateway and one fixed address in each availability zone, for receivers who let in known
 * addresses only. Nothing else is in it: a function that is talked into calling a private address finds nobody.
 */
export class StaticEgress extends Construct {
  /** What receivers are to let in. */
  readonly addresses: readonly string[];
  private readonly vpc: IVpc;
  private readonly securityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id);
    const zones = Array.from({ length: settings.staticEgressZones }, (_, index) => index);
    const addresses = zones.map((index) => new CfnEIP(this, `Address${index + 1}`, { domain: "vpc" }));
    // Receivers have written them down. A new address could not be had back.
    if (settings.production)
      for (const address of addresses) address.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.addresses = addresses.map(({ ref }) => ref);
    this.vpc = new Vpc(this, "Network", {
      // By number, as the region, and with it the zones' names, is known at deployment only.
      availabilityZones: zones.map((index) => Fn.select(index, Fn.getAzs())),
      natGatewayProvider: NatProvider.gateway({
        eipAllocationIds: addresses.map(({ attrAllocationId }) => attrAllocationId),
      }),
      natGateways: zones.length,
      subnetConfiguration: [
        { name: "Public", subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
        { name: "Functions", ...PLACE, cidrMask: 20 },
      ],
      // Free, and what a delivery mostly speaks to; all else pays the NAT gateway.
      gatewayEndpoints: { DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB } },
    }) as IVpc;
    this.logRefusals(settings);
    this.securityGroup = this.outwardOnly(settings);
  }

  /** Properties of a function in this network. */
  get placement() {
    return { vpc: this.vpc, vpcSubnets: PLACE, securityGroups: [this.securityGroup] };
  }

  /** What Lambda needs to attach a function to a network. */
  get policyArn(): string {
    return ManagedPolicy.fromAwsManagedPolicyName(ATTACHING).managedPolicyArn;
  }

  /**
   * Lambda attaches functions to networks; what runs in them may not.
   * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, on lambda:SourceFunctionArn
   */
  forbidAttaching(role: IRole) {
    role.addToPrincipalPolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: ["CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces"].map(
          (action) => `ec2:${action}`,
        ),
        resources: ["*"],
        conditions: { Null: { "lambda:SourceFunctionArn": "false" } },
      }),
    );
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${ATTACHING}]`,
      reason:
        "What Lambda needs to attach a function to a network, kept by AWS; the code itself is denied it",
    });
  }

  private outwardOnly({ allowPrivateEndpoints, endpointPorts }: StackSettings): ISecurityGroup {
    const group = new SecurityGroup(this, "Outward", {
      vpc: this.vpc,
      description: "To endpoints and to AWS, and nothing inward",
      allowAllOutbound: false,
    });
    const ports = new Set([HTTPS_PORT, ...endpointPorts]);
    // A stage that permits private endpoints permits them on every port.
    if (allowPrivateEndpoints) group.addEgressRule(Peer.anyIpv4(), Port.allTcp(), "Endpoints on any port");
    else
      for (const port of ports)
        group.addEgressRule(Peer.anyIpv4(), Port.tcp(port), "Endpoints and AWS over TLS");
    return group;
  }

  /** What the security group refuses is a call that our own rules for endpoints should have refused. */
  private logRefusals(settings: StackSettings) {
    const logs = new LogGroup(this, "RefusedLogs", {
      retention: settings.logRetentionDays,
      removalPolicy: settings.production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.vpc.addFlowLog("Refused", {
      destination: FlowLogDestination.toCloudWatchLogs(logs),
      trafficType: FlowLogTrafficType.REJECT,
    });
  }
}
