import manifest from "../package.json" with { type: "json" };

export const version: string = manifest.version;

/** How deliveries introduce themselves to receivers. */
export const userAgent = `claimr-webhooks/${version}`;
