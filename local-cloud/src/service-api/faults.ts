import type { FastifyInstance } from "fastify";
import { invalidFormat } from "../azure-error.ts";
import { isObject } from "../hub/json.ts";
import { faultSwitches, turnSwitches } from "./fault-switches.ts";
import type { ServiceApiOptions } from "./server.ts";

const PATH = "/local-cloud/faults";

/** Not Azure's: the fault switches, for agents that are tested from another process. */
export function addFaultRoutes(app: FastifyInstance, options: ServiceApiOptions): void {
  const { faults } = options;
  const switches = faultSwitches(options);
  const view = () => ({ active: faults.active(), switches: [...switches.keys()] });
  app.get(PATH, async () => view());
  app.post(PATH, async (request) => {
    if (!isObject(request.body)) {
      throw invalidFormat('the body must be a JSON object such as {"dps.throttle": [3, 2]}');
    }
    turnSwitches(switches, request.body);
    return view();
  });
  app.delete(PATH, async () => {
    faults.clear();
    return view();
  });
}
