import type { MqttService, Publication, Session } from "../mqtt/broker.ts";
import type { HubFaultSwitches, MessageFault } from "./hub.ts";

const JUNK = "<html>no JSON</html>";
const TELEMETRY = /^devices\/[^/]+\/messages\/events(?:\/|$)/;
const TWIN_GET = "$iothub/twin/GET/";
const TWIN = "$iothub/twin/";

/** The hub's device side, as its fault switches make it behave; with none of them on it is `service`. */
export function withHubFaults(service: MqttService, faults: HubFaultSwitches): MqttService {
  const pubacks = createPubacks(faults);
  return {
    ...service,
    connect(session) {
      const returnCode = faults.refusal();
      return returnCode ? { returnCode, reason: "a fault switch is on" } : service.connect(session);
    },
    connected(session) {
      service.connected(session);
      pubacks.connected(session);
    },
    publish(session, publication) {
      const fault = TELEMETRY.test(publication.topic) ? faults.nextMessage() : undefined;
      if (fault === "reject") return "a fault switch is on";
      const reason = service.publish(answering(session, publication, faults), publication);
      if (reason === undefined) pubacks.taken(session, publication, fault);
      return reason;
    },
  };
}

/** The session with the answers that the twin's faults leave of it. */
function answering(session: Session, { topic }: Publication, faults: HubFaultSwitches): Session {
  const fault = topic.startsWith(TWIN) ? faults.twin() : undefined;
  if (fault === "silence") return { ...session, deliver: () => undefined };
  if (fault === "junk" && topic.startsWith(TWIN_GET)) {
    return { ...session, deliver: (replyTopic) => session.deliver(replyTopic, JUNK) };
  }
  return session;
}

/** When a message that was taken in is acknowledged. */
function createPubacks(faults: HubFaultSwitches) {
  const owed = new Map<string, number[]>();
  const owe = (clientId: string, packetId: number) => {
    const packetIds = owed.get(clientId) ?? [];
    owed.set(clientId, packetIds);
    packetIds.push(packetId);
  };
  const later = (session: Session, packetId: number, milliseconds: number) => {
    // Unreferenced: a PUBACK that is owed must not keep a process alive.
    setTimeout(() => session.acknowledge(packetId), milliseconds).unref();
  };
  return {
    taken(session: Session, publication: Publication, fault: MessageFault | undefined): void {
      const { packetId, withholdPuback } = publication;
      if (fault === "loseConnection") {
        withholdPuback();
        session.reset();
        return;
      }
      const plan = typeof fault === "object" ? fault : faults.puback();
      if (packetId === undefined || plan === undefined) return;
      // One more, beside the broker's own.
      if (plan === "twice") session.acknowledge(packetId);
      else withholdPuback();
      if (plan === "afterReconnect") owe(session.clientId, packetId);
      else if (typeof plan === "object") later(session, packetId, plan.milliseconds);
    },
    connected(session: Session): void {
      for (const packetId of owed.get(session.clientId) ?? []) session.acknowledge(packetId);
      owed.delete(session.clientId);
    },
  };
}
