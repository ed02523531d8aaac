/** How much a code deserves attention: `error` needs a person, `warning` soon may, `info` is good to know. */
export type Severity = "info" | "warning" | "error";

/** What is always true of a code; the cause of one occurrence is told by whoever raises it. */
export interface CodeEntry {
  severity: Severity;
  title: string;
  /** What a person can do about it. */
  remedy: string;
}

const entry = (severity: Severity, title: string, remedy: string): CodeEntry => ({ severity, title, remedy });

const SENSOR_REMEDY = "Run `cave-agent doctor`; check cable, address and supply of the sensor.";
const WIRING_REMEDY =
  "Check the sensor's supply, SDA, SCL and ground, and sensor.bus and sensor.address; `cave-agent doctor` asks it.";
const HELD_BUS_REMEDY =
  "Check SDA and SCL for a short circuit and missing pull-ups; switch the sensor's supply off and on.";
const TRUST_REMEDY =
  "Set tls.trustedCaFile to the CA of the server, or leave it empty for Azure; check that no proxy intercepts TLS.";
const NETWORK_REMEDY = "Check the network, the name server, and that port 8883 is open.";
const RENEW_REMEDY = "Install a new certificate and key of the same common name.";
const NOTHING = "Nothing: the agent tries again by itself.";

/**
 * Every code that the agent knows, be it thrown as an AgentError, raised as a condition, or both. Codes are stable:
 * programs match on them. docs/errors.md has the same table for people.
 */
export const CODES = {
  AGENT_ACCESS_DENIED: entry(
    "error",
    "The status socket of the running agent may not be opened by this user.",
    "Run the command as the agent's user or as a member of its group.",
  ),
  AGENT_NO_ANSWER: entry(
    "error",
    "Something listens on the status socket, but does not answer as the agent does.",
    "Look at the agent's log; restart the agent.",
  ),
  AGENT_NOT_RUNNING: entry(
    "error",
    "No agent listens on the status socket.",
    "Start the agent, or name the configuration that it runs with; its log says if it has no socket.",
  ),
  AGENT_UNSEEN: entry(
    "error",
    "Whether an agent runs cannot be told: it could write neither its lock nor its status socket.",
    "Let the state directory be written again, or run the command as the agent's user.",
  ),
  CERTIFICATE_EXPIRED: entry("error", "The device certificate has expired.", RENEW_REMEDY),
  CERTIFICATE_EXPIRES_WITHIN_1_DAY: entry(
    "error",
    "The device certificate expires within 1 day.",
    RENEW_REMEDY,
  ),
  CERTIFICATE_EXPIRES_WITHIN_30_DAYS: entry(
    "info",
    "The device certificate expires within 30 days.",
    RENEW_REMEDY,
  ),
  CERTIFICATE_EXPIRES_WITHIN_7_DAYS: entry(
    "warning",
    "The device certificate expires within 7 days.",
    RENEW_REMEDY,
  ),
  CERTIFICATE_NOT_YET_VALID: entry(
    "warning",
    "By this machine's clock the device certificate is not valid yet.",
    "Check this machine's clock and that it can reach a time server.",
  ),
  CERTIFICATE_REFUSED: entry(
    "error",
    "The new certificate on disk does not get in; the old one, which is in memory only, still does or is tried.",
    "Enrol the CA of the new certificate, or install a pair that is let in, before the agent is started again.",
  ),
  CERTIFICATE_UNUSABLE: entry(
    "error",
    "The certificate and key on disk cannot be used; the agent goes on with the old pair until it is started again.",
    "Install a certificate and the key that was made with it; the message says what is wrong with these.",
  ),
  CHECK_TIMEOUT: entry(
    "error",
    "One of doctor's checks had no answer in time.",
    "Check the network, or the disk, that the check waits for.",
  ),
  CLOCK_BEHIND: entry(
    "warning",
    "By this machine's clock the server's certificate is not valid yet.",
    "Wait for time synchronization, or set the clock.",
  ),
  CLOCK_UNSYNCHRONIZED: entry(
    "warning",
    "No time server has set this machine's clock since it started.",
    "Check that systemd-timesyncd or chrony runs and that UDP port 123 is open.",
  ),
  CONFIG_INVALID: entry(
    "error",
    "The configuration, or a file that it names, cannot be used.",
    "Correct what the message names, then try `cave-agent config check FILE`.",
  ),
  CONTROL_BUSY: entry(
    "info",
    "As many commands for the fan as may wait do so already.",
    "Ask again later, and less often.",
  ),
  DPS_DISABLED: entry(
    "error",
    "The DPS knows this device, but its enrolment is disabled.",
    "Enable the enrolment group, or the device's own enrolment, in the DPS.",
  ),
  DPS_FAILED: entry(
    "warning",
    "The registration at the DPS failed for another reason.",
    "Look up the number in the message, if it has one, in the DPS's documentation; the agent tries again.",
  ),
  DPS_NOT_FOUND: entry("error", "The DPS does not know the ID scope.", "Check provisioning.idScope."),
  DPS_REFUSED: entry(
    "error",
    "The DPS refused the connection.",
    "Check provisioning.host, that the device's CA is enrolled, and the dates of the device certificate.",
  ),
  DPS_THROTTLED: entry("info", "The DPS is busy (429 or 5xx).", NOTHING),
  DPS_TIMEOUT: entry(
    "warning",
    "The DPS did not assign a hub in time.",
    "Check that the DPS is up and has a hub linked.",
  ),
  DPS_UNAUTHORIZED: entry(
    "error",
    "The DPS does not accept the device certificate.",
    "Enrol the CA of the certificate as a group, or install a leaf of the enrolled CA with its intermediates.",
  ),
  DPS_UNAVAILABLE: entry("warning", "The DPS is not available at the moment.", NOTHING),
  DPS_UNREACHABLE: entry("warning", "The DPS cannot be reached.", NETWORK_REMEDY),
  DPS_UNTRUSTED: entry("error", "The DPS could not prove who it is.", TRUST_REMEDY),
  FAN_ABSENT: entry(
    "info",
    "This cave has no fan.",
    'If it has one, set fan.line to the line that switches it, and fan.driver = "auto".',
  ),
  FAN_FAILED: entry(
    "error",
    "The fan did not do what it was told.",
    "Check relay, cable and fan; `cave-agent doctor` checks the line.",
  ),
  FAN_HELD: entry(
    "info",
    "The fan has to stay as it is for a while, for its own protection.",
    "Ask again later, or for a longer time.",
  ),
  FAN_NO_EFFECT: entry(
    "warning",
    "The fan runs, but the cave's air does not answer to it.",
    "Check that the fan turns and that its air way is free.",
  ),
  HUB_FLAPPING: entry(
    "warning",
    "The connection to the hub is lost again and again.",
    "Check that no other agent uses this device's certificate: two of them throw each other out; then check the network.",
  ),
  HUB_GARBLED: entry(
    "warning",
    "The hub was reached, but what it sends cannot be understood.",
    "Check that what is assigned is an Azure IoT Hub; the agent tries again.",
  ),
  HUB_LOST: entry("warning", "The connection to the hub was lost.", NOTHING),
  HUB_OFFLINE: entry("info", "It was not done because there is no connection to the hub now.", NOTHING),
  HUB_REFUSED: entry(
    "error",
    "The hub refused the connection.",
    "Check that the device exists at the hub, is enabled, and belongs to this certificate.",
  ),
  HUB_TIMEOUT: entry(
    "warning",
    "The hub did not answer in time.",
    "Check the network; the agent reconnects.",
  ),
  HUB_UNAVAILABLE: entry("warning", "The hub is not available at the moment.", NOTHING),
  HUB_UNREACHABLE: entry("warning", "The hub cannot be reached.", NETWORK_REMEDY),
  HUB_UNTRUSTED: entry("error", "The hub could not prove who it is.", TRUST_REMEDY),
  I2C_BUSY: entry(
    "error",
    "A driver of the kernel uses the sensor.",
    "Unbind the kernel's driver as the message says, or take its dtoverlay out of config.txt.",
  ),
  I2C_DENIED: entry(
    "error",
    "The I2C bus may not be used by this user.",
    "Make the agent's user a member of the group i2c.",
  ),
  I2C_FAILED: entry("error", "A transfer on the I2C bus failed.", HELD_BUS_REMEDY),
  I2C_MISSING: entry(
    "error",
    "There is no I2C bus of that number.",
    "Switch I2C on (on a Raspberry Pi: `sudo raspi-config nonint do_i2c 0`), or correct sensor.bus.",
  ),
  I2C_TIMEOUT: entry("error", "A transfer on the I2C bus does not end: a line is held.", HELD_BUS_REMEDY),
  I2C_UNAVAILABLE: entry(
    "error",
    "The npm package i2c-bus is not there, or was built for another Node.",
    "Install python3, make and g++, and run `npm rebuild i2c-bus` in the agent's folder with the Node that runs it.",
  ),
  METHOD_REFUSED: entry(
    "info",
    "A direct method was refused; the line has what was asked and the reason.",
    "Call it as docs/methods.md says.",
  ),
  OFFLINE: entry(
    "warning",
    "There is no connection to the hub; samples wait in the outbox.",
    "Look at the cause; `cave-agent doctor` checks the way to the cloud.",
  ),
  OUTBOX_DAMAGED: entry(
    "warning",
    "Entries of the outbox could not be read any more and are lost.",
    "Check the card's health and the power supply.",
  ),
  OUTBOX_DROPPING: entry(
    "error",
    "The outbox has reached its bounds, and the oldest samples were dropped.",
    "Bring the connection back; give the outbox more room for longer outages.",
  ),
  OUTBOX_ENTRY_TOO_LARGE: entry(
    "error",
    "A sample is larger than the outbox takes.",
    "Report this fault with the log.",
  ),
  OUTBOX_IN_MEMORY: entry(
    "error",
    "The disk cannot be written, so samples wait in memory and would not survive a restart.",
    "Check the state directory: free space, mount options and the card's health.",
  ),
  OUTBOX_NEWER_FORMAT: entry(
    "error",
    "A later version of the agent wrote the outbox; it was left as it is.",
    "Install the version that wrote it, or a later one.",
  ),
  OUTBOX_NOT_SAVED: entry(
    "error",
    "What waited in memory could not be saved when the agent stopped.",
    "Make room on the disk and let the agent's user write there before the agent starts again.",
  ),
  OUTBOX_UNREADABLE: entry(
    "error",
    "A file of the outbox cannot be read; the samples in it wait, and all others go on.",
    "Make the file a plain one that the agent's user may read, and check the card's health.",
  ),
  SAMPLE_UNUSABLE: entry(
    "warning",
    "What came back from the outbox is no sample; it was dropped.",
    "If this repeats, report this fault with the log: the version of the agent has changed, or its files.",
  ),
  SENSOR_CRC: entry(
    "warning",
    "The sensor's words were damaged on their way; nothing of them was used.",
    "Shorten or shield the sensor's cable and check the pull-ups of SDA and SCL.",
  ),
  SENSOR_FAULT: entry("warning", "The sensor gives no reading.", SENSOR_REMEDY),
  SENSOR_HEATER: entry(
    "error",
    "The sensor's heater is on and cannot be switched off, so what it measures is not the air.",
    "Switch the sensor's supply off and on; exchange the sensor if that does not help.",
  ),
  SENSOR_IMPLAUSIBLE: entry(
    "warning",
    "The sensor gives values that cannot be the air of this cave.",
    SENSOR_REMEDY,
  ),
  SENSOR_NO_ANSWER: entry("error", "No sensor answers at its address.", WIRING_REMEDY),
  SENSOR_RESET: entry(
    "warning",
    "The sensor loses its supply again and again.",
    "Check the sensor's supply, 2.4 to 5.5 V at the sensor, and its plug.",
  ),
  SENSOR_STALE: entry(
    "error",
    "There was no valid reading for longer than sensor.staleAfter, so the fan follows fan.safeState.",
    SENSOR_REMEDY,
  ),
  SENSOR_STUCK: entry(
    "warning",
    "The sensor repeats the same value for longer than air stays the same.",
    "Check that air reaches the sensor; exchange it if the value stays.",
  ),
  SENSOR_TIMEOUT: entry("warning", "The sensor did not answer in time.", SENSOR_REMEDY),
  SEQUENCE_CORRUPT: entry(
    "error",
    "The file with the last sequence number is damaged; the numbers go on after a leap.",
    "Check the card's health and the power supply.",
  ),
  SEQUENCE_UNREADABLE: entry(
    "error",
    "The file with the last sequence number cannot be read; the numbers go on after a leap.",
    "Make it a plain file that the agent's user may read and write.",
  ),
  SETTING_REFUSED: entry(
    "info",
    "A desired property of the twin was refused; the value before stays in force.",
    "Give it a value that the reason allows, or null for the default.",
  ),
  STATE_DAMAGED: entry(
    "warning",
    "What an earlier run has kept of the fan cannot be used.",
    "Nothing: the agent begins anew. If it repeats, check the card's health and the power supply.",
  ),
  STATE_IN_USE: entry(
    "error",
    "Another agent works on the state directory, or it has changed since this one began.",
    "Stop the other agent, or give this one a state directory of its own; then restart this one.",
  ),
  STATE_NOT_KEPT: entry(
    "warning",
    "What is to outlive a restart cannot be written or read.",
    "Check the state directory: its owner, free space, mount options and the card's health.",
  ),
  STATE_OF_ANOTHER_DEVICE: entry(
    "error",
    "The state directory is another device's; it was left as it is.",
    "Move it away, or set state.directory to one of this device's own.",
  ),
  STATUS_SOCKET_IN_USE: entry(
    "error",
    "Another agent already listens on the status socket.",
    "Give each agent a socket of its own.",
  ),
  STATUS_SOCKET_UNUSABLE: entry(
    "warning",
    "The status socket, or status.listen, cannot be opened, so the agent cannot be asked there.",
    "Set status.socket to a path of at most 107 bytes that the agent's user may write, and status.listen to a free " +
      "port; the agent tries again each minute.",
  ),
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

export function isCode(code: string | null): code is Code {
  return code !== null && Object.hasOwn(CODES, code);
}

/** Undefined for a code that the catalogue does not have, or for none. */
export function severityOf(code: string | undefined): Severity | undefined {
  return CATALOGUE.get(code ?? "")?.severity;
}

const CATALOGUE = new Map<string, CodeEntry>(Object.entries(CODES));
