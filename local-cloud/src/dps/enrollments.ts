import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { EnrollmentGroupOptions, ProvisioningStatus } from "../api.ts";
import type { Anchor } from "../certificates/chain.ts";
import { LocalCloudError } from "../errors.ts";

export interface EnrollmentGroup {
  readonly enrollmentGroupId: string;
  readonly certificateFile: string;
  readonly certificate: X509Certificate;
  provisioningStatus: ProvisioningStatus;
}

export interface Enrollments {
  groups(): readonly EnrollmentGroup[];
  /** The groups' CAs, each under its group's name. */
  anchors(): readonly Anchor[];
  find(enrollmentGroupId: string): EnrollmentGroup | undefined;
  setProvisioningStatus(enrollmentGroupId: string, status: ProvisioningStatus): void;
}

/** @throws {LocalCloudError} for a certificate that cannot be read or is no CA, and for a group named twice. */
export function createEnrollments(options: readonly EnrollmentGroupOptions[]): Enrollments {
  const groups = new Map<string, EnrollmentGroup>();
  for (const option of options) {
    if (groups.has(option.enrollmentGroupId)) {
      throw new LocalCloudError(
        "configuration",
        `enrollment group ${option.enrollmentGroupId} is given twice`,
        "give every group its own id",
      );
    }
    groups.set(option.enrollmentGroupId, loadGroup(option));
  }
  const all = [...groups.values()];
  const anchors = all.map((group) => ({ name: group.enrollmentGroupId, certificate: group.certificate }));
  return {
    groups: () => all,
    anchors: () => anchors,
    find: (enrollmentGroupId) => groups.get(enrollmentGroupId),
    setProvisioningStatus(enrollmentGroupId, status) {
      const group = groups.get(enrollmentGroupId);
      if (!group) {
        throw new LocalCloudError(
          "configuration",
          `there is no enrollment group ${enrollmentGroupId}`,
          `known groups: ${[...groups.keys()].join(", ") || "none"}`,
        );
      }
      group.provisioningStatus = status;
    },
  };
}

function loadGroup(option: EnrollmentGroupOptions): EnrollmentGroup {
  const certificateFile = resolve(option.certificateFile);
  const certificate = readCertificate(option.enrollmentGroupId, certificateFile);
  if (!certificate.ca) {
    throw new LocalCloudError(
      "configuration",
      `enrollment group ${option.enrollmentGroupId}: ${certificateFile} is no CA certificate (${certificate.subject})`,
      "name the certificate that signs the devices' certificates, in PEM",
    );
  }
  return {
    enrollmentGroupId: option.enrollmentGroupId,
    certificateFile,
    certificate,
    provisioningStatus: option.provisioningStatus ?? "enabled",
  };
}

function readCertificate(enrollmentGroupId: string, file: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(file));
  } catch (error) {
    throw new LocalCloudError(
      "configuration",
      `enrollment group ${enrollmentGroupId}: cannot read a CA certificate from ${file}: ${error instanceof Error ? error.message : error}`,
      "name a PEM file; `npx cave-fleet certs root` makes a CA",
      error,
    );
  }
}
