import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { askedOf } from "#agent/hub/assignment.js";
import { loadServerCredentials } from "#cloud/certificates/server-certificate.js";
import { silentLog } from "#cloud/log.js";
import { createBroker, type MqttService, type Session } from "#cloud/mqtt/broker.js";
import { createLines } from "#cloud/mqtt/lines.js";
import { listenForDevices } from "#cloud/mqtt/listener.js";
import { type AgentRig, type CloudRig, startAgent } from "../support/rig.ts";
import { until } from "../support/until.ts";

/** What came back for a direct method. */
export interface Answer {
  status: number;
  payload: unknown;
}

/** A hub that sends what no service SDK lets through: the bytes of its answers are the test's own. */
export interface RogueHub {
  agent: AgentRig;
  /** Reported patches, parsed, in order. */
  readonly reported: Record<string, unknown>[];
  /** Topics of all telemetry taken in: they carry the message ids. */
  readonly telemetry: string[];
  /** Calls a method with this text as its payload; rejects without an answer in time. */
  call(method: string, payload: string, seconds?: number): Promise<Answer>;
  /** Sends this as it is. */
  deliver(topic: string, payload: string): void;
  /** Sends a desired patch: the text must hold its own `$version`. */
  patch(text: string): void;
}

const TWIN_GET = /^\$iothub\/twin\/GET\/\?\$rid=(.+)$/;
const REPORTED = /^\$iothub\/twin\/PATCH\/properties\/reported\/\?\$rid=(.+)$/;
const METHOD_ANSWER = /^\$iothub\/methods\/res\/(\d+)\/\?\$rid=(.+)$/;

/**
 * Starts one and a real agent that is assigned to it, and waits until the agent is online.
 * @param twin JSON text of the desired section, with `$version`.
 */
export async function startRogueHub(
  t: TestContext,
  rig: CloudRig,
  options: { twin?: string; extra?: string } = {},
): Promise<RogueHub> {
  const book: Book = { reported: [], telemetry: [], answers: new Map(), session: undefined };
  const { reported, telemetry, answers } = book;
  let calls = 0;
  const host = await listen(t, rig, createService(book, options.twin ?? '{"$version":1}'));
  const agent = await startAssigned(t, rig, host, options.extra);
  await agent.logged("online");

  return {
    agent,
    reported,
    telemetry,
    async call(method, payload, seconds = 20) {
      calls += 1;
      const id = String(calls);
      book.session?.deliver(`$iothub/methods/POST/${method}/?$rid=${id}`, payload);
      return until(`an answer to ${method}`, () => answers.get(id), { seconds, onTimeout: agent.output });
    },
    deliver: (topic, payload) => book.session?.deliver(topic, payload),
    patch(text) {
      const version = /"\$version":(\d+)/.exec(text)?.[1] ?? "0";
      book.session?.deliver(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, text);
    },
  };
}

/** What the hub has heard. */
interface Book {
  reported: Record<string, unknown>[];
  telemetry: string[];
  /** By request id. */
  answers: Map<string, Answer>;
  /** The newest. */
  session: Session | undefined;
}

function createService(book: Book, twin: string): MqttService {
  return {
    keepsSessions: true,
    connect: () => undefined,
    connected(opened) {
      book.session = opened;
    },
    disconnected: () => undefined,
    maySubscribe: () => true,
    publish(from, { topic, payload }) {
      const get = TWIN_GET.exec(topic);
      const patch = REPORTED.exec(topic);
      const answer = METHOD_ANSWER.exec(topic);
      if (get) {
        from.deliver(`$iothub/twin/res/200/?$rid=${get[1]}`, `{"desired":${twin},"reported":{"$version":1}}`);
      } else if (patch) {
        book.reported.push(JSON.parse(payload.toString()) as Record<string, unknown>);
        from.deliver(`$iothub/twin/res/204/?$rid=${patch[1]}&$version=${book.reported.length + 1}`, "");
      } else if (answer) {
        const [, status, id = ""] = answer;
        book.answers.set(id, { status: Number(status), payload: JSON.parse(payload.toString()) });
      } else book.telemetry.push(topic);
      return undefined;
    },
  };
}

async function listen(t: TestContext, rig: CloudRig, service: MqttService): Promise<string> {
  const log = silentLog;
  const credentials = await loadServerCredentials(join(rig.folder, "cloud", "tls"), new Date());
  const broker = await createBroker(service, log);
  const listener = await listenForDevices({
    broker,
    lines: createLines(),
    guise: () => "honest",
    certificateFor: async () => credentials,
    port: 0,
    what: "rogue hub",
    log,
  });
  t.after(async () => {
    await listener.close();
    await broker.close();
  });
  return `localhost:${listener.port}`;
}

/** As after an earlier run that the DPS had sent to `hub`. */
async function startAssigned(
  t: TestContext,
  rig: CloudRig,
  hub: string,
  extra: string | undefined,
): Promise<AgentRig> {
  const state = join(rig.folder, "cave-01.state");
  mkdirSync(state, { mode: 0o700 });
  const asked = askedOf(rig.cloud.endpoints.dps, "cave-01");
  writeFileSync(join(state, "assignment.json"), JSON.stringify({ hub, deviceId: "cave-01", askedOf: asked }));
  return startAgent(t, rig, extra === undefined ? {} : { extra });
}
