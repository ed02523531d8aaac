import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type CloudRig, ROOT } from "../../support/rig.ts";
import type { Entry } from "../qemu/initramfs.ts";

export const DEVICE_ID = "cave-pi";
export const CONFIG = "/etc/cave-agent/config.toml";
/** The program in the guest that is the sensor's hardware. */
export const HARDWARE = "/opt/hardware/kernel/mcp2221/process.js";
/** The only I2C adapter is the one of that hardware. */
const BUS = 0;
const BUILT_TESTS = join(ROOT, ".build", "test");
const HARDWARE_FILES = [
  "kernel/mcp2221/mcp2221.js",
  "kernel/mcp2221/orders.js",
  "kernel/mcp2221/process.js",
  "kernel/mcp2221/uhid.js",
  "support/hardware/sht31-chip.js",
];

/** What a technician would put on the gateway: certificate, key, configuration; and the hardware behind its sensor. */
export async function gatewayFiles(rig: CloudRig): Promise<Entry[]> {
  const { certificatePem, keyPem } = await rig.authority.issueDevice({ commonName: DEVICE_ID });
  const folder = relative("/", join(CONFIG, ".."));
  const own = {
    "device.cert.pem": certificatePem,
    "device.key.pem": keyPem,
    "ca.cert.pem": await readFile(rig.cloud.endpoints.trustedCaFile, "utf8"),
    "config.toml": configuration(rig),
  };
  const hardware = HARDWARE_FILES.map(async (path) => ({
    path: join("opt/hardware", path),
    content: await readFile(join(BUILT_TESTS, path)),
  }));
  return [
    ...Object.entries(own).map(([name, content]) => ({ path: join(folder, name), content })),
    ...(await Promise.all(hardware)),
    { path: "opt/hardware/package.json", content: '{"type": "module"}' },
  ];
}

/** The fan stands still by itself: neither too warm nor too humid for it. */
function configuration({ cloud }: CloudRig): string {
  const { dps } = cloud.endpoints;
  return `[device]
certificateFile = "device.cert.pem"
keyFile = "device.key.pem"
[provisioning]
host = "${dps.host}"
idScope = "${dps.idScope}"
retryAfter = "1s"
[tls]
trustedCaFile = "ca.cert.pem"
[sensor]
bus = ${BUS}
readEvery = "2s"
[cave]
targetTemperature = 10.5
targetHumidity = 91
telemetryInterval = 2
[fan]
line = "GPIO17"
minimumOn = 0
minimumOff = 0
switchesPerHour = 60
`;
}
