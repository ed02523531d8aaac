import type { Socket } from "node:net";

/** What may sit on a port in the server's place. */
export type Imposture = "plain" | "captive-portal" | "silent";

const CONNECT = 0x10;
const ACCEPTED = Buffer.from([0x20, 0x02, 0x00, 0x00]);
const REDIRECT =
  "HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** Each takes a TCP connection over; it is the listener that ends those that stay open. */
export const IMPOSTURES: Record<Imposture, (socket: Socket) => void> = {
  plain(socket) {
    socket.once("data", (bytes: Buffer) => {
      if (bytes[0] === CONNECT) socket.write(ACCEPTED);
      // A TLS handshake is no MQTT: a broker without TLS ends the connection.
      else socket.end();
    });
    socket.resume();
  },
  "captive-portal"(socket) {
    socket.once("data", () => socket.end(REDIRECT));
    socket.resume();
  },
  // Reads, so that it sees the client go away, and says nothing.
  silent: (socket) => socket.resume(),
};

export function isImposture(guise: string): guise is Imposture {
  return Object.hasOwn(IMPOSTURES, guise);
}
