import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "#agent/config.js";
import { environmentName } from "#agent/config-schema.js";
import { isAgentError } from "#agent/errors.js";

const folder = mkdtempSync(join(tmpdir(), "cave-config-"));
after(() => rmSync(folder, { recursive: true }));

const REQUIRED = `
[device]
certificateFile = "leaf.pem"
keyFile = "/keys/leaf.key.pem"
[provisioning]
idScope = "0ne00ABCDEF"
`;

function load(toml: string, environment: Record<string, string> = {}) {
  const file = join(folder, "config.toml");
  writeFileSync(file, toml);
  return loadConfig(file, environment);
}

function refusalOf(toml: string, environment: Record<string, string> = {}): string {
  try {
    load(toml, environment);
  } catch (error) {
    assert.ok(isAgentError(error), String(error));
    assert.equal(error.code, "CONFIG_INVALID");
    assert.match(error.remedy, /config\.toml/);
    return error.message;
  }
  return assert.fail(`accepted: ${toml}`);
}

test("what is required suffices: the rest has the documented defaults", () => {
  const config = load(REQUIRED);
  assert.equal(config.provisioning.host, "global.azure-devices-provisioning.net");
  assert.equal(config.hub.keepAlive, 60_000);
  assert.equal(config.fan.overrideFor, 240 * 60_000);
  assert.equal(config.cave.targetTemperature, 12);
  assert.equal(config.state.directory, "/var/lib/cave-agent");
});

test("paths are relative to the file, durations become milliseconds, settings numbers", () => {
  const config = load(`${REQUIRED}
[sensor]
readEvery = "500ms"
staleAfter = 90
[cave]
targetTemperature = 11.5
fanMode = "ON"
[status]
listen = "[::1]:9464"
`);
  assert.equal(config.device.certificateFile, join(folder, "leaf.pem"));
  assert.equal(config.device.keyFile, "/keys/leaf.key.pem");
  assert.equal(config.sensor.readEvery, 500);
  assert.equal(config.sensor.staleAfter, 90_000);
  assert.equal(config.cave.targetTemperature, 11.5);
  assert.equal(config.cave.fanMode, "on");
});

test("every missing key is named at once", () => {
  const message = refusalOf("");
  for (const key of ["device.certificateFile", "device.keyFile", "provisioning.idScope"]) {
    assert.match(message, new RegExp(`${key}: is required`));
  }
});

test("an unknown key or section is refused with its value and what is allowed", () => {
  assert.match(
    refusalOf(`${REQUIRED}\n[sensor]\nreadEverey = "5s"`),
    /sensor\.readEverey: unknown key: value was "5s"; allowed in \[sensor\]: source, bus, address, .*readEvery, staleAfter, stuckAfter$/,
  );
  assert.match(refusalOf(`${REQUIRED}\n[senser]\nx = 1`), /senser: unknown section; allowed: device, /);
  assert.match(refusalOf(`sensor = 3\n${REQUIRED}`), /sensor: must be a table \[sensor\]: value was 3/);
});

test("wrong types and impossible values are refused with key, value and range", () => {
  const cases: [string, RegExp][] = [
    [
      `[sensor]\nreadEvery = "soon"`,
      /sensor\.readEvery: must be a duration from 0\.5s to 10m.*value was "soon"/,
    ],
    [`[sensor]\nreadEvery = 0`, /sensor\.readEvery: must be a duration.*value was 0/],
    [
      `[sensor]\nsource = "dht22"`,
      /sensor\.source: must be one of the possible values: \["sht31","auto","simulated"\].*"dht22"/,
    ],
    [`[sensor]\nbus = "i2c-1"`, /sensor\.bus: must be the number of an I2C bus .*value was "i2c-1"/],
    [`[sensor]\nbus = 256`, /sensor\.bus: .*from 0 to 255.*value was 256/],
    [`[sensor]\nbus = 1.5`, /sensor\.bus: .*value was 1\.5/],
    [`[sensor]\nbus = ""`, /sensor\.bus: .*value was ""/],
    [`[sensor]\naddress = 0x46`, /sensor\.address: must be "auto", 0x44 \(68\) or 0x45 \(69\): value was 70/],
    [
      `[sensor]\nhumidityOffset = 21`,
      /sensor\.humidityOffset: must be a number from -20 to 20: value was 21/,
    ],
    [`[sensor]\nheater = true`, /sensor\.heater: must be one of .*\["off","pulse"\].*value was true/],
    [`[fan]\nsafeState = "open"`, /fan\.safeState: must be one of .*"on","off","hold".*value was "open"/],
    [
      `[cave]\ntargetTemperature = 140`,
      /cave\.targetTemperature: must be a number from -10 to 40 °C: value was 140/,
    ],
    [`[cave]\nfanMode = "failed"`, /cave\.fanMode: must be one of auto, on, off: value was "failed"/],
    [
      `[outbox]\nmemoryCapacity = 1.5`,
      /outbox\.memoryCapacity: must be a whole number from 1 to 1000000: value was 1\.5/,
    ],
    [`[simulation]\nspeed = nan`, /simulation\.speed: must be a number from 0\.1 to 3600/],
    [`[tls]\ntrustedCaFile = 7`, /tls\.trustedCaFile: must be a text: value was 7/],
    [`[hub]\nkeepAlive = "1s"`, /hub\.keepAlive: must be a duration from 4s .*value was "1s"/],
    [
      `[status]\nlisten = "0.0.0.0:9464"`,
      /status\.listen: must be a loopback address and port, such as "127\.0\.0\.1:9464".*value was "0\.0\.0\.0:9464"/,
    ],
    [`[status]\nlisten = 9464`, /status\.listen: must be a loopback address.*value was 9464/],
    [`[fan]\nsafeState = false`, /fan\.safeState: must be one of .*"on","off","hold".*: value was false$/],
    [`[fan]\nsafeState = ""`, /fan\.safeState: must be one of .*: value was ""$/],
    [`[outbox]\nmaxAge = "1s"`, /outbox\.maxAge: must be a duration from 1m to 3650d, .*value was "1s"/],
    [`[fan]\noverrideFor = "8d"`, /fan\.overrideFor: must be a duration from 1s to 7d, .*value was "8d"/],
    [`[log]\nlevel = "loud"`, /log\.level: must be one of .*value was "loud"/],
  ];
  for (const [toml, expected] of cases) assert.match(refusalOf(`${REQUIRED}\n${toml}`), expected);
  assert.match(
    refusalOf(REQUIRED.replace("idScope", `host = "https://dps.example"\nidScope`)),
    /provisioning\.host: must be a host name or host:port.*https:\/\/dps\.example/,
  );
});

test("the sensor's bus and address are taken as people write them", () => {
  const sensor = (toml: string, environment = {}) =>
    load(`${REQUIRED}\n[sensor]\n${toml}`, environment).sensor;
  assert.deepEqual([sensor("").source, sensor("").bus, sensor("").address], ["sht31", 1, "auto"]);
  assert.equal(sensor("bus = 0").bus, 0);
  assert.equal(sensor('bus = "/dev/i2c-13"').bus, 13);
  assert.equal(sensor("", { CAVE_SENSOR_BUS: "3" }).bus, 3);
  assert.equal(sensor("", { CAVE_SENSOR_BUS: "/dev/i2c-4" }).bus, 4);
  assert.equal(sensor("address = 0x45").address, 0x45);
  assert.equal(sensor('address = "0x44"').address, 0x44);
  assert.equal(sensor("", { CAVE_SENSOR_ADDRESS: "0x45" }).address, 0x45);
});

test("a heater that pulses needs a staleAfter that outlasts its warmth", () => {
  const toml = (staleAfter: string) =>
    `${REQUIRED}\n[sensor]\nheater = "pulse"\nstaleAfter = "${staleAfter}"`;
  assert.match(
    refusalOf(toml("4m")),
    /sensor\.staleAfter: must be at least "5m" with sensor\.heater = "pulse".*: value was "4m"$/,
  );
  assert.equal(load(toml("5m")).sensor.heater, "pulse");
});

test("a refused ID scope is not printed, which the message says", () => {
  const message = refusalOf(REQUIRED.replace("0ne00ABCDEF", "0ne-secret!"));
  assert.doesNotMatch(message, /secret/);
  assert.match(message, /^provisioning\.idScope: must be .*0ne00123ABC; .*is not shown$/);
});

test("the environment wins over the file, and is checked as strictly", () => {
  assert.equal(environmentName("provisioning.idScope"), "CAVE_PROVISIONING_ID_SCOPE");
  assert.equal(load(REQUIRED, { CAVE_SENSOR_READ_EVERY: "2s" }).sensor.readEvery, 2000);
  assert.equal(load(REQUIRED, { CAVE_OUTBOX_MEMORY_CAPACITY: "12" }).outbox.memoryCapacity, 12);
  assert.match(
    refusalOf(REQUIRED, { CAVE_OUTBOX_MEMORY_CAPACITY: "12abc" }),
    /outbox\.memoryCapacity: .*"12abc" \(from the environment: CAVE_OUTBOX_MEMORY_CAPACITY\)/,
  );
  assert.match(
    refusalOf(REQUIRED, { CAVE_HUB_RETRY_AT_MOST: "2s" }),
    /hub\.retryAtMost: must not be shorter .*"2s" \(from the environment: CAVE_HUB_RETRY_AT_MOST\)/,
  );
});

test("an unknown variable, a port beyond 65535 and a staleAfter below readEvery are refused", () => {
  assert.match(
    refusalOf(REQUIRED, { CAVE_LOG_LEVLE: "debug" }),
    /CAVE_LOG_LEVLE: unknown environment variable/,
  );
  load(REQUIRED, { CAVE_HUB_CONNECTION_STRING: "HostName=x" });
  assert.match(
    refusalOf(REQUIRED, { CAVE_PROVISIONING_HOST: "dps.example:99999" }),
    /provisioning\.host: .* a port is from 1 to 65535.*: value was .*99999/,
  );
  assert.match(
    refusalOf(`${REQUIRED}\n[sensor]\nreadEvery = "10m"\nstaleAfter = "1s"`),
    /^sensor\.staleAfter: must not be shorter than sensor\.readEvery, which is 10m, .*: value was "1s"$/,
  );
});

test("a longest wait below the shortest would not hold, and is refused", () => {
  assert.match(
    refusalOf(`${REQUIRED}[hub]\nretryAfter = "10m"\nretryAtMost = "1m"`),
    /^hub\.retryAtMost: must not be shorter than hub\.retryAfter, which is 10m: value was "1m"$/,
  );
  assert.match(
    refusalOf(`${REQUIRED}retryAfter = "90s"\n[hub]\nretryAtMost = 30`),
    /^hub\.retryAtMost: must not be shorter than provisioning\.retryAfter, which is 90s: value was "30s"$/,
  );
  assert.equal(load(`${REQUIRED}[hub]\nretryAfter = "5m"`).hub.retryAtMost, 300_000);
});

test("a file that cannot be read or is not TOML is named", () => {
  assert.throws(
    () => loadConfig(join(folder, "absent.toml"), {}),
    /cannot read the configuration .*absent\.toml/,
  );
  assert.match(refusalOf("[sensor\n"), /is not valid TOML: line 1, column \d+: /);
});

test("a number in quotes is refused in the file, and taken from the environment", () => {
  const quoted = `${REQUIRED}[cave]\ntargetTemperature = "12"\n[outbox]\nperSecond = "3"`;
  assert.deepEqual(refusalOf(quoted).split("\n"), [
    'cave.targetTemperature: must be a number, without quotes: value was "12"',
    'outbox.perSecond: must be a number, without quotes: value was "3"',
  ]);
  assert.equal(load(REQUIRED, { CAVE_CAVE_TARGET_TEMPERATURE: "11.5" }).cave.targetTemperature, 11.5);
});

test("what JSON has no word for is shown as TOML has it", () => {
  for (const value of ["nan", "inf"]) {
    const message = refusalOf(`${REQUIRED}[cave]\ntargetTemperature = ${value}`);
    assert.match(message, new RegExp(`cave\\.targetTemperature: .*: value was ${value}$`));
  }
});
