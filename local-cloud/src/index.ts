export type {
  EnrollmentGroupOptions,
  LocalCloud,
  LocalCloudOptions,
  LocalHub,
  ProvisioningStatus,
  ReceivedMessage,
  TelemetryCounts,
} from "./api.ts";
export type { FalseCertificate } from "./certificates/false-certificate.ts";
export type { Endpoints, HubEndpoints } from "./endpoints.ts";
export { LocalCloudError } from "./errors.ts";
export type { ConnackCode, DpsFaults } from "./faults/dps.ts";
export type { Faults } from "./faults/faults.ts";
export type { HubFaults } from "./faults/hub.ts";
export type { LineFaults } from "./faults/line.ts";
export type { ThrottleCounts } from "./faults/rate.ts";
export type { TlsFaults } from "./faults/tls.ts";
export { startLocalCloud } from "./local-cloud.ts";
