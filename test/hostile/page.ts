import type { Misbehaviour } from "./case.ts";

const HEAD = `# What your server does, and what we record

An attempt is **delivered** when a 2xx answer has come whole within ten seconds of its beginning: look-up, connecting, TLS, headers and body included.

- At most 64 KiB of an answer is read, 16 KiB of it headers, and what is beyond is not waited for: a 2xx with a larger body counts as delivered.
- A body is never unpacked, whatever its \`content-encoding\`. Cookies are not sent back, redirects and challenges are not followed, a protocol is not switched.
- Interim answers (1xx) are skipped.
- A connection is kept for the next delivery for up to 4 s, or less if \`Keep-Alive: timeout\` says so. When a kept one turns out to be closed or is reset
  before a byte of the answer has come, the same request is made once more on a fresh connection, as the same attempt. In the rare case that you had taken in the
  first one, you see the same \`webhook-id\` and \`webhook-timestamp\` twice. A kept connection on which nothing comes at all is not given up before the ten seconds are over.
- TLS 1.2 or 1.3, with a certificate for the host's name that leads to a public root, all intermediate certificates included.

The table below is what the tests in \`test/hostile\` do to the sender, so it is true to the letter.

| recorded as | what your server does |
|---|---|
`;

/** docs/receivers.md: one row for each outcome, in the order in which the tests have them; deliveries first. */
export function receiversPage(misbehaviours: readonly Misbehaviour[]): string {
  const namesOf = Map.groupBy(misbehaviours, ({ outcome: [, error] }) => recordedAs(error));
  const delivered = recordedAs(null);
  const rows = [delivered, ...[...namesOf.keys()].filter((key) => key !== delivered)].map((key) => {
    const names = (namesOf.get(key) ?? []).map(({ name }) => name.replaceAll("|", "\\|"));
    return `| ${key} | ${names.join("; ")} |\n`;
  });
  return HEAD + rows.join("");
}

function recordedAs(error: string | null): string {
  if (error === null) return "delivered";
  return /^answered \d+( |$)/.test(error) ? `\`${error.replace(/\d+/, "N")}\`` : `\`${error}\``;
}
