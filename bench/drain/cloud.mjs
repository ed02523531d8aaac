// The local cloud in a process of its own: forked with a state folder and a CA; says where it listens, ends with its parent.
import { startLocalCloud } from "#cloud/index.js";

const [stateDirectory, certificateFile] = process.argv.slice(2);
const cloud = await startLocalCloud({
  stateDirectory,
  enrollmentGroups: [{ enrollmentGroupId: "bench", certificateFile }],
});
process.once("disconnect", () => void cloud.close());
process.on("message", ({ stall }) => {
  if (stall !== undefined) cloud.faults.hub.stall(stall);
  process.send(cloud.hub.telemetryCounts());
});
process.send(cloud.endpoints);
