import { SenderFailure } from "./sender.ts";

/** What an adapter needs to know of a sender that somebody else started. @throws SenderFailure when it is not set */
export function setting(name: string, fallback?: string): string {
  // biome-ignore lint/style/noProcessEnv: whoever runs the bench says where the other sender is
  const value = process.env[name] ?? fallback;
  if (value) return value;
  throw new SenderFailure(`Set ${name}: docs/bench/comparing.md says to what.`);
}
