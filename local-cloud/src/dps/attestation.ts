import { AzureError } from "../azure-error.ts";
import { judgeChain } from "../certificates/chain.ts";
import type { PeerChain } from "../certificates/peer.ts";
import type { EnrollmentGroup, Enrollments } from "./enrollments.ts";

// https://learn.microsoft.com/azure/iot-dps/concepts-service#registration-id
const REGISTRATION_ID = /^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$/;

export interface Attempt {
  expectedIdScope: string;
  idScope: string;
  registrationId: string;
  peer: PeerChain;
}

/**
 * The enrolment group that an attempt to register belongs to, whether or not it is enabled.
 * @throws {AzureError} as DPS refuses: 400004, 401002, 404201.
 */
export function attest(attempt: Attempt, enrollments: Enrollments, now: Date): EnrollmentGroup {
  const { registrationId, peer } = attempt;
  if (attempt.idScope !== attempt.expectedIdScope) {
    throw new AzureError(404, 404201, "IdScopeNotFound", `ID scope ${attempt.idScope} not found.`);
  }
  if (!REGISTRATION_ID.test(registrationId)) {
    throw new AzureError(
      400,
      400004,
      "ArgumentInvalid",
      `Invalid registration id '${registrationId}': up to 128 of a-z, 0-9, '-', '.', '_', ':', ending in a letter, a digit or '-'.`,
    );
  }
  if (peer.commonName.toLowerCase() !== registrationId.toLowerCase()) {
    throw unauthorizedDevice(
      `Invalid certificate: its common name '${peer.commonName}' is not the registration id '${registrationId}'.`,
    );
  }
  const verdict = judgeChain(peer, enrollments.anchors(), now);
  if ("refusal" in verdict) throw unauthorizedDevice(verdict.refusal);
  const group = enrollments.find(verdict.anchor.name);
  if (!group) throw unauthorizedDevice("CA certificate not found.");
  return group;
}

export function unauthorizedDevice(message: string): AzureError {
  return new AzureError(401, 401002, "Unauthorized", message);
}
