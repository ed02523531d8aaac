import { type FleetError, usageError } from "../errors.ts";

const RULE = "'-', '.', '_' and ':', the last a letter, a digit or '-'";
const EXAMPLE = "for example cave-01";

/**
 * Checks that `name` can be a leaf's common name: with an enrolment group it is registration id and device id at once.
 * The rules are those of DPS (docs "X.509 certificate attestation": at most 64 characters in a common name, registration
 * ids are case-insensitive), so lower case is asked for, lest two spellings name one device.
 * @throws FleetError USAGE
 */
export function checkDeviceName(name: string): void {
  if (/^[a-z0-9._:-]{0,63}[a-z0-9-]$/.test(name)) return;
  throw refusal(name, `use 1 to 64 of a-z, 0-9, ${RULE}, all lower case; ${EXAMPLE}`);
}

/**
 * Checks that `id` can be the device id of a gateway. Upper case too: whoever made its certificate elsewhere may have
 * used it, and a hub tells `Cave-01` from `cave-01`.
 * @throws FleetError USAGE
 */
export function checkDeviceId(id: string): void {
  if (/^[A-Za-z0-9._:-]{0,63}[A-Za-z0-9-]$/.test(id)) return;
  throw refusal(id, `use 1 to 64 of a-z, A-Z, 0-9, ${RULE}; ${EXAMPLE}`);
}

function refusal(name: string, remedy: string): FleetError {
  return usageError(`${JSON.stringify(name)} cannot be a device id`, remedy);
}
