const LENGTH = 12;
/** 32 of them, so that each is as likely; without 0, 1, l and o, as ids are read out and typed. */
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** An id for a webhook, made up. */
export function newHookId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
}
