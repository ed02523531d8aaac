import { usageError } from "../errors.ts";

const RULE =
  "1 to 64 of a-z, 0-9, '-', '.', '_' and ':', the last a letter, a digit or '-', all lower case; for example cave-01";

/**
 * Checks that `name` can be a leaf's common name: with an enrolment group it is registration id and device id at once.
 * The rules are those of DPS (docs "X.509 certificate attestation": at most 64 characters in a common name, registration
 * ids are case-insensitive), so lower case is asked for, lest two spellings name one device.
 * @throws FleetError USAGE
 */
export function checkDeviceName(name: string): void {
  if (/^[a-z0-9._:-]{0,63}[a-z0-9-]$/.test(name)) return;
  throw usageError(`${JSON.stringify(name)} cannot be a device id`, `use ${RULE}`);
}
