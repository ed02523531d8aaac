import { messageOf } from "../errors.ts";

/** An optional package of npm that has a part in machine code, its own or below it. */
export interface AddOn {
  name: string;
  version: string;
  /** The package that has to be built. */
  native: string;
}

/** Why such a package could not be imported, and what to do about it. */
export function explainMissing(
  { name, version, native }: AddOn,
  error: unknown,
): { message: string; remedy: string } {
  return {
    message: `the npm package ${name} cannot be loaded: ${whyNot(native, error)}`,
    remedy: `install python3, make and g++, then run in the agent's folder, with the Node that runs the agent: npm install ${name}@${version} && npm rebuild ${native}`,
  };
}

function whyNot(native: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = messageOf(error);
  const node = `Node ${process.versions.node} on ${process.arch}`;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return "it is not installed";
  if (code === "ERR_DLOPEN_FAILED") return `${native} was built for another Node or machine than ${node}`;
  if (/Could not locate the bindings file/.test(text)) return `${native} was not built for ${node}`;
  return text;
}
