import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { askStatus } from "#agent/health/client.js";
import { type AgentRig, type CloudRig, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { leaveAssignment } from "./assigned.ts";
import { assertSoundEnd } from "./ending.ts";
import { IS_FULL, LONG } from "./full.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

/** Waits of about a second at most. */
const QUICK = {
  "hub.retryAfter": "200ms",
  "hub.retryAtMost": "1s",
  "provisioning.retryAfter": "1s",
  "provisioning.deadline": "3s",
};
/** RFC 2606: such a name never exists. */
const NOWHERE = "cave.invalid:8883";

type Misbehaviour = [what: string, begin: (rig: CloudRig) => void];

/** Each ends a try, or makes it end at its deadline. */
const BAD_DPS: Misbehaviour[] = [
  ["a captive portal", ({ cloud }) => cloud.faults.tls.captivePortal("dps")],
  ["no TLS", ({ cloud }) => cloud.faults.tls.plain("dps")],
  ["junk", ({ cloud }) => cloud.faults.dps.junk()],
  ["a CONNACK that refuses", ({ cloud }) => cloud.faults.dps.refuseConnections()],
  ["500", ({ cloud }) => cloud.faults.dps.fail(1000)],
  [
    "silence below TLS",
    ({ cloud }) => {
      cloud.faults.tls.silent("dps");
      // A connection that is open already must not be answered well.
      cloud.faults.dps.neverAnswer();
    },
  ],
];

describe("fault 25: a network without a way out, and servers that are none", { concurrency: true }, () => {
  it("the hub's name is not known: ten tries, then the DPS gives a better one", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.1 });
    const ledger = openLedger(rig);
    leaveAssignment(rig, NOWHERE);
    const agent = await startWith(t, rig, QUICK);
    const { cause } = await agent.logged("backing-off");
    assert.match(cause ?? "", /the hub cave\.invalid:8883 cannot be reached: .*E(NOTFOUND|AI_AGAIN|AI_FAIL)/);
    await agent.logged("online", { seconds: 60 });
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });

  it("the DPS's name is not known: keeps sampling, and still stops when told", async (t) => {
    const rig = await startCloud(t);
    const agent = await startWith(t, rig, QUICK, { host: NOWHERE });
    const { cause } = await agent.logged("backing-off");
    assert.match(cause ?? "", /the DPS cave\.invalid:8883 cannot be reached/);
    const { outbox } = await statusOf(rig);
    await until("more samples", async () => (await statusOf(rig)).outbox.waiting > outbox.waiting + 1);
    assert.equal((await agent.stop()).code, 0);
  });

  it("the DPS is one thing after another, and gets well", LONG, async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.1 });
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    // A registration that is under way between two faults must not get the agent in.
    rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
    BAD_DPS[0]?.[1](rig);
    const agent = await startWith(t, rig, QUICK, { host: relay.host });
    for (const [what, begin] of BAD_DPS) {
      rig.cloud.faults.clear();
      begin(rig);
      await anotherTry(agent, relay.connections, what);
    }
    rig.cloud.faults.clear();
    rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "enabled");
    await agent.logged("online", { seconds: 60 });
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });

  for (const [when, hang] of [
    ["during the registration", "neverAnswer"],
    ["during the polling", "pollForEver"],
  ] as const) {
    it(`the DPS drops the connection ${when}: begins anew`, async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.1 });
      const ledger = openLedger(rig);
      const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
      rig.cloud.faults.dps[hang]();
      const agent = await startWith(t, rig, QUICK, { host: relay.host });
      for (let drop = 0; drop < 2; drop += 1) {
        const before = relay.connections();
        await until("a connection", () => relay.openNow() === 1, { onTimeout: agent.output });
        await until(
          "it is dropped, and there is another",
          () => {
            rig.cloud.faults.dps.drop();
            return relay.connections() > before;
          },
          { onTimeout: agent.output },
        );
      }
      rig.cloud.faults.clear();
      await agent.logged("online", { seconds: 60 });
      await until("telemetry", () => ledger.received.length > 0);
      await assertSoundEnd(rig, agent, ledger);
    });
  }

  it("the hub is one thing after another, and gets well: nothing is lost", LONG, async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.1 });
    const ledger = openLedger(rig);
    const agent = await startWith(t, rig, QUICK);
    await agent.logged("online");
    await until("telemetry", () => ledger.received.length > 0);
    const { hub, tls } = rig.cloud.faults;
    const { name } = rig.cloud.hub;
    await endures("a captive portal", () => tls.captivePortal(name));
    await endures("no TLS", () => tls.plain(name));
    await endures("a twin that is junk", () => hub.junkTwin());
    await endures("a refusal of each message", () => hub.rejectMessages());
    await endures("a drop while the twin is read", () => hub.twinNeverAnswers(), hub.drop);
    if (IS_FULL) await endures("silence below TLS", () => tls.silent(name));
    await assertSoundEnd(rig, agent, ledger);

    async function endures(what: string, begin: () => void, again: () => void = () => undefined) {
      const before = agent.lines.length;
      const { length } = ledger.received;
      begin();
      hub.drop();
      const { connects } = (await statusOf(rig)).connection;
      const end = performance.now() + 2500;
      await until(`${what} for a while`, () => {
        again();
        return performance.now() > end;
      });
      rig.cloud.faults.clear();
      await until(
        `well after ${what}`,
        async () => {
          const { connection } = await statusOf(rig);
          return connection.state === "online" && connection.connects > connects;
        },
        {
          seconds: 90,
          onTimeout: () =>
            agent.lines
              .slice(before)
              .map(({ msg }) => msg)
              .join("\n"),
        },
      );
      await until("telemetry again", () => ledger.received.length > length, { onTimeout: agent.output });
    }
  });
});

async function anotherTry(agent: AgentRig, connections: () => number, what: string): Promise<void> {
  const before = connections();
  // One may have begun before the switch was turned: the second has met it, and the third follows upon its end.
  await until(`three tries at ${what}`, () => connections() >= before + 3, {
    seconds: 60,
    onTimeout: agent.output,
  });
  assert.equal(agent.process.exitCode, null, `${what} ended the agent: ${agent.output()}`);
}

function statusOf(rig: CloudRig) {
  return askStatus(join(rig.folder, "cave-01.state", "status.sock"));
}
