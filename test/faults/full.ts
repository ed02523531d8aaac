/** Whether the faults are shown at their full length, as `npm run test:faults` does. */
export const IS_FULL = process.env.CAVE_FAULTS === "full";

/** For a case that takes half a minute or more: it belongs to `npm run test:faults`, and `npm test` says so. */
export const LONG = IS_FULL ? {} : { skip: "takes long: npm run test:faults" };
