export type {
  EnrollmentGroupOptions,
  LocalCloud,
  LocalCloudOptions,
  ProvisioningStatus,
  ReceivedMessage,
  TelemetryCounts,
} from "./api.ts";
export type { Endpoints, HubEndpoints } from "./endpoints.ts";
export { LocalCloudError } from "./errors.ts";
export type { Faults } from "./faults/faults.ts";
export { startLocalCloud } from "./local-cloud.ts";
