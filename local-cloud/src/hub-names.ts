import { LocalCloudError } from "./errors.ts";
import { FIRST_HUB } from "./state/store.ts";

// As Azure names hubs: https://learn.microsoft.com/azure/iot-hub/iot-hub-create-through-portal
const HUB_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{1,48}[A-Za-z0-9])$/;
// The fault switches go by these names.
const RESERVED = ["dps", "hub", "tls"];
const MOST = 50;

/** The names of the hubs, one unless told otherwise. @throws {LocalCloudError} for names that cannot be. */
export function hubNames(wanted: readonly string[] = [FIRST_HUB]): readonly string[] {
  const wrong = wanted.find((name) => !HUB_NAME.test(name) || RESERVED.includes(name.toLowerCase()));
  if (wrong !== undefined) {
    throw refusal(
      `hub name '${wrong}'`,
      `give it 3 to 50 letters, digits and inner hyphens, and none of ${RESERVED.join(", ")}`,
    );
  }
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  if (names.size !== wanted.length) throw refusal(`hubs ${wanted.join(", ")}`, "give every hub its own name");
  if (wanted.length < 1 || wanted.length > MOST) {
    throw refusal(`${wanted.length} hubs`, `a DPS has 1 to ${MOST} linked hubs`);
  }
  return wanted;
}

/** `local-hub`, `local-hub-2` and so on. */
export function numberedHubs(count: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? FIRST_HUB : `${FIRST_HUB}-${index + 1}`));
}

/** The port of the hub at `index`: the first one's and those after it, or any free one. */
export function laterPort(first: number | undefined, index: number): number {
  return first ? first + index : 0;
}

function refusal(message: string, remedy: string): LocalCloudError {
  return new LocalCloudError("configuration", message, remedy);
}
