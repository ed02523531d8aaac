import { randomBytes, randomUUID } from "node:crypto";

/** DPS's DeviceRegistrationResult; times are ISO 8601 UTC. */
export interface Registration {
  registrationId: string;
  createdDateTimeUtc: string;
  lastUpdatedDateTimeUtc: string;
  status: "assigned" | "disabled";
  substatus?: "initialAssignment" | "deviceDataMigrated";
  assignedHub?: string;
  deviceId?: string;
  x509: { enrollmentGroupId: string };
  etag: string;
}

/** DPS's RegistrationOperationStatus. */
export interface Operation {
  operationId: string;
  status: "assigning" | Registration["status"];
  registrationState?: Registration;
}

export interface Registrations {
  /** Begins an operation whose outcome is `registration`; the first poll finds it done. */
  begin(outcome: Omit<Registration, "createdDateTimeUtc" | "lastUpdatedDateTimeUtc" | "etag">): Operation;
  /** A registration's latest operation, if it has this id. */
  find(registrationId: string, operationId: string): Operation | undefined;
  /** What an earlier registration named the device: registration ids differ in more than case. */
  deviceId(registrationId: string): string | undefined;
  all(): Registration[];
}

export function createRegistrations(
  kept: readonly Registration[],
  clock: () => Date,
  changed: () => void,
): Registrations {
  const registrations = new Map(
    kept.map((registration) => [keyOf(registration.registrationId), registration]),
  );
  const operations = new Map<string, Operation>();
  return {
    begin(outcome) {
      const now = clock().toISOString();
      const key = keyOf(outcome.registrationId);
      const registration: Registration = {
        ...outcome,
        createdDateTimeUtc: registrations.get(key)?.createdDateTimeUtc ?? now,
        lastUpdatedDateTimeUtc: now,
        etag: randomUUID(),
      };
      const operationId = `5.${randomBytes(8).toString("hex")}.${randomUUID()}`;
      registrations.set(key, registration);
      operations.set(key, { operationId, status: registration.status, registrationState: registration });
      changed();
      return { operationId, status: "assigning" };
    },
    find(registrationId, operationId) {
      const operation = operations.get(keyOf(registrationId));
      return operation?.operationId === operationId ? operation : undefined;
    },
    deviceId: (registrationId) => registrations.get(keyOf(registrationId))?.deviceId,
    all: () => [...registrations.values()],
  };
}

function keyOf(registrationId: string): string {
  return registrationId.toLowerCase();
}
