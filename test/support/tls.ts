import { readFileSync } from "node:fs";
import tls from "node:tls";
import { onTestFinished } from "vitest";

/** `cert` and `expired` are for localhost, `hooks` is for hooks.example.com; one `key` is behind them all. */
export function pem(name: string): string {
  return readFileSync(new URL(`./tls/${name}.pem`, import.meta.url), "utf8");
}

/** Until the test is over. */
export function trust(...certificates: string[]): void {
  const before = tls.getCACertificates("default");
  tls.setDefaultCACertificates([...before, ...certificates]);
  onTestFinished(() => tls.setDefaultCACertificates(before));
}
