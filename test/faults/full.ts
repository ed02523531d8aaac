/** Whether the faults are shown at their full length, as `npm run test:faults` does. */
export const IS_FULL = process.env.CAVE_FAULTS === "full";
