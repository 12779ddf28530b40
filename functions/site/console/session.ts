const KEY = "claimr-webhooks-key";

/** The API key, for this tab only: closing the tab forgets it, and no other tab sees it. */
export const session = {
  read: (): string | undefined => sessionStorage.getItem(KEY) ?? undefined,
  keep: (key: string) => sessionStorage.setItem(KEY, key),
  forget: () => sessionStorage.removeItem(KEY),
};
