import { type Issued, makeCa, makeServer } from "./server-certificate.ts";

/** Server certificates that a device must refuse. */
export const FALSE_CERTIFICATES = ["wrong-host", "expired", "not-yet-valid", "other-ca"] as const;
export type FalseCertificate = (typeof FALSE_CERTIFICATES)[number];

const DAY = 86_400_000;

/** Makes one of them with a new key; all but `other-ca` are signed by the CA that devices trust. */
export async function makeFalseCertificate(kind: FalseCertificate, ca: Issued, now: Date): Promise<Issued> {
  const days = (count: number) => new Date(now.getTime() + count * DAY);
  switch (kind) {
    case "wrong-host":
      return makeServer(ca, now, { host: "elsewhere.invalid" });
    case "expired":
      return makeServer(ca, now, { notBefore: days(-30), notAfter: days(-1) });
    case "not-yet-valid":
      return makeServer(ca, now, { notBefore: days(1), notAfter: days(30) });
    case "other-ca": {
      const other = await makeCa(now);
      const server = await makeServer(other, now);
      return { key: server.key, certificate: `${server.certificate}\n${other.certificate}` };
    }
  }
}
