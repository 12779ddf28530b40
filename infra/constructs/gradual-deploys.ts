import { Duration, Stack, Validations } from "aws-cdk-lib";
import type { RestApi } from "aws-cdk-lib/aws-apigateway";
import { Alarm, ComparisonOperator, MathExpression, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from "aws-cdk-lib/aws-codedeploy";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { FilterPattern } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { FunctionName } from "../../shared/http/routes.ts";
import type { ServiceFunction } from "./service-function.ts";

const PERIOD = Duration.minutes(1);
/**
 * Of all calls of the alias in a minute, the old version's and the new one's together: lines of a log name no version,
 * so they are not told apart. The new version has a tenth of the calls. While the old one is healthy, one that
 * always fails has 10 %, and the border is one that fails each tenth of its own calls. What fails more rarely passes,
 * and is left to the alarms that wake somebody up. AWS calls that fail now and then, and are done again, stay well
 * below; but of fewer than a hundred calls in a minute a single failure is more than the border.
 */
const TOLERATED_FAILURES_PERCENT = 1;

export interface GradualDeploysProps {
  readonly functions: Readonly<Record<FunctionName, ServiceFunction>>;
  readonly api: RestApi;
}

/**
 * A new version of a function gets a tenth of the calls for five minutes, then all of them. When it fails
 * meanwhile, every call goes to the old version again, and CloudFormation takes the whole deployment back.
 * The functions shift at the same time, so a deployment takes six minutes or so, however many have changed.
 */
export class GradualDeploys extends Construct {
  constructor(scope: Construct, id: string, { functions, api }: GradualDeploysProps) {
    super(scope, id);
    const application = new LambdaApplication(this, "Application");
    const policy = "service-role/AWSCodeDeployRoleForLambdaLimited";
    const role = new Role(this, "Role", {
      description: "CodeDeploy shifts the functions' aliases and reads the alarms",
      assumedBy: new ServicePrincipal("codedeploy.amazonaws.com"),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(policy)],
    });
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`,
      reason: "The policy that AWS keeps for exactly this: shifting aliases of Lambda functions",
    });
    for (const [name, fn] of Object.entries(functions)) {
      // It throws for each wrong key, as API Gateway wants it: what it does wrong shows in the API's own answers.
      const failures = fn === functions.authorizer ? serverErrorsOf(api) : failuresOf(fn);
      new LambdaDeploymentGroup(this, fn.node.id, {
        application,
        role,
        alias: fn.alias,
        deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
        alarms: [this.alarm(name, fn, failures)],
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
      });
    }
  }

  /** Tells nobody: the deployment that fails does. */
  private alarm(name: string, fn: ServiceFunction, failuresPercent: MathExpression): Alarm {
    return new Alarm(this, `${fn.node.id}Failures`, {
      alarmName: `${Stack.of(this).stackName}-rollback-${name}`,
      alarmDescription: `${name} fails: a deployment under way goes back to the version before. See docs/runbook.md#rollback`,
      metric: failuresPercent,
      threshold: TOLERATED_FAILURES_PERCENT,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // The lines come by way of the log, later than Lambda's own counts: the newest minute may have too few of them,
      // or none, which is no failure. So each minute is judged twice, the second time with all of its lines; judged
      // once, the only failure of a quiet day could be missed.
      evaluationPeriods: 2,
      datapointsToAlarm: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

/**
 * Lambda's own count of errors has crashes and timeouts only: a failed request is answered with 500, and a failed
 * message is handed back, by an invocation that succeeds. Both leave a line of level ERROR.
 *
 * Where something failed all three are written, so nothing is filled in: Lambda counts 0 errors with each invocation,
 * writes a line of its own of each that fails, and of that line the filter counts 0. In a minute without any line
 * there is no ratio, and nothing failed. Invocations count in the minute in which they begin, lines in which they are
 * written: of a minute in which none began, lines do not count.
 */
function failuresOf(fn: ServiceFunction): MathExpression {
  const lines = fn.logs.addMetricFilter("ErrorLines", {
    filterPattern: FilterPattern.stringValue("$.level", "=", "ERROR"),
    metricNamespace: Stack.of(fn).stackName,
    metricName: `${fn.node.id}ErrorLines`,
    defaultValue: 0,
  });
  return new MathExpression({
    expression: "100 * (errors + lines) / invocations",
    usingMetrics: {
      errors: fn.live.metricErrors({ statistic: "Sum" }),
      lines: lines.metric({ statistic: "Sum" }),
      invocations: fn.live.metricInvocations({ statistic: "Sum" }),
    },
    period: PERIOD,
    label: "Failures, in % of invocations",
  });
}

/**
 * API Gateway answers 500 when the authorizer fails, and 401 when it says "Unauthorized". It writes both metrics with
 * each request, 0 errors included.
 */
const serverErrorsOf = (api: RestApi) =>
  new MathExpression({
    expression: "100 * errors / requests",
    usingMetrics: {
      errors: api.metricServerError({ statistic: "Sum" }),
      requests: api.metricCount({ statistic: "Sum" }),
    },
    period: PERIOD,
    label: "Server errors, in % of requests",
  });
