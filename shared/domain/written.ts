/**
 * Waits for a write, and for others to be told of it. One that fails may have been done all the same: they are told
 * of that too, but not of one that found nothing to do.
 * @param write resolves with false or undefined when it changed nothing
 */
export async function written<Done>(write: Promise<Done>, tell: () => Promise<void>): Promise<Done> {
  const [result] = await Promise.allSettled([write]);
  if (result.status === "rejected" || result.value) await tell();
  return write;
}
