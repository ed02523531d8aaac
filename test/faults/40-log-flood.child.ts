import { createLog } from "#agent/log.js";

/** Logs so many errors of two kinds, each with secrets in it, as fast as it can, and then one of another kind. */
const [, , count, ...secrets] = process.argv;
const [keyPem, idScope] = secrets;
const { log, end } = createLog("info", "json");
for (let number = 0; number < Number(count); number += 1) {
  const event = number % 2 === 0 ? "sensor-fault" : "fan-fault";
  log.error(
    { event, cause: "it does not answer", keyPem, identity: { keyPem }, idScope },
    "it does not answer",
  );
}
for (const setting of ["targetTemp", "fanmode", "fanmode"]) {
  log.warn({ event: "setting-unknown", settings: [setting] }, `unknown: ${setting}`);
}
for (const code of ["SENSOR_FAULT", "SENSOR_STALE", "SENSOR_STALE"]) {
  const cause = "there is no /dev/i2c-1";
  log.warn({ event: "condition-raised", code, cause }, `raised: ${code}: ${cause}`);
}
log.error({ event: "another", cause: "of another kind" }, "of another kind");
end();
