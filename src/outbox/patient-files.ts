import type { Patience } from "../lib/patience.ts";
import type { File, Files } from "./files.ts";

/** The same files, each operation with an end. What was given up may still reach the disk, at any later time. */
export function patientFiles(files: Files, patience: Patience): Files {
  const patient = (file: File): File => ({
    size: () => patience(file.size),
    read: (buffer, position) => patience(() => file.read(buffer, position)),
    write: (buffer, position) => patience(() => file.write(buffer, position)),
    datasync: () => patience(file.datasync),
    close() {
      const closing = file.close();
      closing.catch(() => undefined);
      return patience(() => closing);
    },
  });
  return {
    async open(path, flags) {
      let isGivenUp = false;
      const opening = async () => {
        const file = await files.open(path, flags);
        if (isGivenUp) await file.close();
        return file;
      };
      try {
        return patient(await patience(opening));
      } catch (error) {
        isGivenUp = true;
        throw error;
      }
    },
    list: (folder) => patience(() => files.list(folder)),
    createFolder: (folder) => patience(() => files.createFolder(folder)),
    syncFolder: (folder) => patience(() => files.syncFolder(folder)),
    remove: (path) => patience(() => files.remove(path)),
  };
}
