export type LocalCloudErrorCode = "configuration" | "fault";

/** Something that the person who started the local cloud can put right. */
export class LocalCloudError extends Error {
  readonly code: LocalCloudErrorCode;
  readonly remedy: string;

  constructor(code: LocalCloudErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LocalCloudError";
    this.code = code;
    this.remedy = remedy;
  }
}

/** The `code` of a Node system error, such as `ENOENT`; undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return undefined;
}
