/**
 * Milliseconds of the system's monotonic clock, which all processes of a machine share: what one process notes can be
 * compared with what another does.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;
