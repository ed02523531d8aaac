import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { HealthDocument } from "#agent/health/document.js";
import { type Changes, writeConfig } from "../../faults/agents.ts";
import { type Ledger, openLedger } from "../../faults/ledger.ts";
import type { Scope } from "../../support/cleanup.ts";
import { type AgentRig, type CloudRig, spawnAgent, startCloud } from "../../support/rig.ts";
import { getStatus } from "../../support/status.ts";
import { until } from "../../support/until.ts";
import type { BoardOptions } from "./pi/board.ts";
import { startPi } from "./pi/pi.ts";
import type { RemoteBoard } from "./pi/remote.ts";

/** A whole cave: the board, the local cloud, and an agent of its own process between them. */
export interface Cave {
  pi: RemoteBoard;
  rig: CloudRig;
  ledger: Ledger;
  /** The configuration of the agent. */
  config: string;
  agent: AgentRig;
  /** Waits until the sensor has failed, and resolves to why. The log would tell it only once in a while. */
  sensorFails(): Promise<string>;
  /** Waits until the agent's status is such, and resolves to it. */
  becomes(what: string, probe: (status: HealthDocument) => boolean): Promise<HealthDocument>;
  /** Waits until the hub has got so many messages more. */
  messages(count: number): Promise<void>;
  /** No reading was lost to such a fault; a machine that is very busy may have had others. */
  assertNoFault(cause: RegExp): void;
  /** Nothing but what was measured, by this sensor, has reached the hub. */
  assertMeasured(): void;
}

/** What a gateway has; the rest of its configuration is the rig's. */
export const GATEWAY: Changes = {
  "sensor.source": "sht31",
  "fan.driver": "auto",
  "fan.line": "GPIO17",
  "provisioning.deadline": "1m",
};

export const AIR = { temperature: 11.37, humidity: 88.64 };

/**
 * Starts one that lives as long as `t`, be it a test or, with `{ after }` of node:test, a whole file. Resolves when the
 * first message has come to the hub, or as soon as the agent is online if `silent`.
 */
export async function startCave(
  t: Scope,
  { board = {}, changes = {}, silent = false }: Partial<CaveOptions> = {},
): Promise<Cave> {
  const pi = await startPi(t, { air: AIR, ...board });
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const config = await writeConfig(rig, { ...GATEWAY, ...changes });
  const agent = spawnAgent(t, ["run", "--config", config]);
  const cave = { pi, rig, ledger, config, agent, ...watch(rig, ledger, agent) };
  await agent.logged("online", { seconds: PATIENCE });
  if (!silent) await cave.messages(1);
  return cave;
}

/** Milliseconds. */
const LOOK_EVERY = 100;
/** Seconds; several caves at a time are much for a small machine. */
const PATIENCE = 60;

export interface CaveOptions {
  board: Partial<BoardOptions>;
  changes: Changes;
  silent: boolean;
}

function watch(
  rig: CloudRig,
  ledger: Ledger,
  agent: AgentRig,
): Pick<Cave, "sensorFails" | "becomes" | "messages" | "assertNoFault" | "assertMeasured"> {
  async function becomes(what: string, probe: (status: HealthDocument) => boolean): Promise<HealthDocument> {
    let status: HealthDocument | undefined;
    const look = async () => {
      status = await getStatus(rig);
      if (probe(status)) return status;
      // Each look is a method call through the hub.
      await delay(LOOK_EVERY);
      return undefined;
    };
    return until(what, look, {
      seconds: PATIENCE,
      onTimeout: () => `${JSON.stringify(status)}\n${agent.output()}`,
    });
  }
  return {
    becomes,
    async sensorFails() {
      const { sensor } = await becomes("it has failed", (status) => status.sensor.state === "failed");
      return String(sensor.fault);
    },
    async messages(count) {
      const wanted = ledger.received.length + count;
      await until(`${count} messages more`, () => ledger.received.length >= wanted, {
        seconds: PATIENCE,
        onTimeout: agent.output,
      });
    },
    assertNoFault(cause) {
      const faults = agent.lines.filter(({ event }) => event === "sensor-fault");
      assert.deepEqual(
        faults.filter((line) => cause.test(String(line.cause))),
        [],
      );
    },
    assertMeasured() {
      assert.ok(ledger.received.length > 0);
      for (const { body, properties } of ledger.received) {
        const { temperature, humidity, source } = body;
        assert.deepEqual({ temperature, humidity, source }, { ...AIR, source: "sht31" });
        assert.deepEqual([properties.simulated, properties.quality], [undefined, undefined]);
      }
      ledger.assertSound();
    },
  };
}
