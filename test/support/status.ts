import assert from "node:assert/strict";
import type { HealthDocument } from "#agent/health/document.js";
import { checkResponse, readModel } from "./dtdl.js";
import type { CloudRig } from "./rig.js";

const model = await readModel();

function assertStatus(payload: unknown): asserts payload is HealthDocument {
  assert.deepEqual(checkResponse(model, "GetStatus", payload), []);
}

/** What `GetStatus` answers, once it was seen to fit the model. */
export async function getStatus(rig: CloudRig, deviceId = "cave-01"): Promise<HealthDocument> {
  const { status, payload }: { status: number; payload: unknown } = await rig.service.invoke(
    deviceId,
    "GetStatus",
    null,
  );
  assert.equal(status, 200);
  assertStatus(payload);
  return payload;
}
