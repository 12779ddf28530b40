import { describe, expect, test } from "vitest";
import { localSettings } from "../../infra/local/settings.ts";

describe("localSettings", () => {
  test("needs nothing set", () => {
    expect(localSettings({})).toMatchObject({
      port: 3_000,
      dataDir: ".local",
      apiKey: undefined,
      schedulerLatenessSeconds: 0,
      seed: undefined,
      stack: {
        stage: "local",
        retryDelaysSeconds: [5, 30, 60, 300],
        scheduleFromSeconds: 60,
        allowPrivateEndpoints: true,
        endpointPorts: [443, 8443],
      },
    });
  });

  test.each([
    ["PORT", "65536"],
    ["PORT", "http"],
    ["SEED", "-1"],
    ["SCHEDULER_LATENESS_SECONDS", "soon"],
    ["LOCAL_API_KEY", "two words"],
    ["RETRY_DELAYS_SECONDS", "5,0"],
    ["ALLOW_PRIVATE_ENDPOINTS", "yes"],
    ["ENDPOINT_PORTS", "https"],
  ])("refuses %s=%s, naming it", (name, value) => {
    expect(() => localSettings({ [name]: value })).toThrow(name);
  });
});
