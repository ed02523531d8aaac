import { access, constants, readdir } from "node:fs/promises";
import { join } from "node:path";

/** The files in `folder` whose names match, each with whether this user may read and write it. */
export async function deviceFiles(
  folder: string,
  name: RegExp,
): Promise<{ file: string; isUsable: boolean }[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return Promise.all(
    names
      .filter((each) => name.test(each))
      .sort()
      .map(async (each) => {
        const file = join(folder, each);
        const isUsable = await access(file, constants.R_OK | constants.W_OK).then(
          () => true,
          () => false,
        );
        return { file, isUsable };
      }),
  );
}
