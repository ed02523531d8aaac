import { codeOf, type MachineCheck } from "./check.ts";

/** Whether the agent would start with this configuration. */
export const configurationCheck: MachineCheck = {
  id: "configuration",
  title: "configuration",
  async look({ configuration: { error } }) {
    if (!error) return { result: "ok", detail: "complete and within its bounds" };
    const { message, remedy, code } = error;
    return { result: "failed", detail: message.replaceAll("\n", "; "), remedy, ...codeOf(code) };
  },
};
