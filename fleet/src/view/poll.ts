import { isHubFailure } from "../service/failure.ts";
import type { Service } from "../service/service.ts";
import { type Row, rowFromAnswer, rowFromError } from "./row.ts";

/** Calls under way at once: a fleet is asked quickly without a burst that a hub would throttle. */
const AT_ONCE = 16;
/** Seconds; the shortest that a hub takes. */
const ANSWER_WITHIN = 5;

/**
 * Asks each device for its status over the service side; rows come in the order of `deviceIds`.
 * @throws FleetError if the hub itself cannot be reached; what a single cave does wrong is in its row
 */
export async function pollStatus(service: Service, deviceIds: string[]): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const waiting = [...deviceIds];
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
      rows.set(id, await askOne(service, id));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, deviceIds.length) }, worker));
  return deviceIds.flatMap((id) => rows.get(id) ?? []);
}

/**
 * Asks one device for its status.
 * @throws FleetError if the hub itself cannot be reached
 */
export async function askOne(service: Service, deviceId: string): Promise<Row> {
  try {
    const answer = await service.invoke(deviceId, "GetStatus", null, { timeout: ANSWER_WITHIN });
    return rowFromAnswer(deviceId, answer);
  } catch (error) {
    if (isHubFailure(error)) throw error;
    return rowFromError(deviceId, error);
  }
}
