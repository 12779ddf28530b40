import * as z from "zod";
import { synthesize } from "../../../infra/local/template/synthesize.ts";
import { deployedSettings } from "../../../infra/settings.ts";

const stage = z.object({ AccessLogSetting: z.object({ Format: z.string() }) });

/** As the template has it: JSON with `$context.<name>` for what API Gateway fills in. */
const format = stage.parse(
  Object.values(synthesize(deployedSettings("prod", {})).resources).find(
    ({ Type }) => Type === "AWS::ApiGateway::Stage",
  )?.Properties,
).AccessLogSetting.Format;

export const accessLogFields = Object.keys(z.record(z.string(), z.string()).parse(JSON.parse(format)));

/**
 * A line of API Gateway's access log, which has "-" for what there was not.
 * @param context by their names, without `$context.`
 * @throws when the format has no place for one of them
 */
export function accessLine(context: Readonly<Record<string, string | number>>): string {
  const given = new Map(Object.entries({ requestTimeEpoch: Date.parse("2026-11-23T12:00:00Z"), ...context }));
  const line = format.replaceAll(/\$context\.([A-Za-z.]+)/g, (_, name: string) => {
    const value = given.get(name) ?? "-";
    given.delete(name);
    return String(value);
  });
  if (given.size > 0) throw new Error(`The access log has no ${[...given.keys()].join()}`);
  return line;
}
