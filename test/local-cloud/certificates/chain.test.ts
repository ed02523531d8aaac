import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { type Anchor, judgeChain } from "#cloud/certificates/chain.js";
import { x509 } from "#cloud/certificates/x509.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const NOW = new Date("2026-11-21T12:00:00Z");
const DAY = 86_400_000;

interface Made {
  certificate: X509Certificate;
  name: string;
  keys: webcrypto.CryptoKeyPair;
}

interface Wish {
  issuer?: Made;
  ca?: boolean;
  pathLength?: number;
  usage?: number;
  extendedUsage?: string;
  notAfter?: Date;
}

async function make(name: string, wish: Wish = {}): Promise<Made> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(wish.ca ?? false, wish.pathLength, true),
  ];
  if (wish.usage !== undefined) extensions.push(new x509.KeyUsagesExtension(wish.usage, true));
  if (wish.extendedUsage) extensions.push(new x509.ExtendedKeyUsageExtension([wish.extendedUsage]));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: "01",
    subject: `CN=${name}`,
    issuer: `CN=${wish.issuer?.name ?? name}`,
    notBefore: new Date(NOW.getTime() - DAY),
    notAfter: wish.notAfter ?? new Date(NOW.getTime() + DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: (wish.issuer?.keys ?? keys).privateKey,
    extensions,
  });
  return { certificate: new X509Certificate(certificate.toString("pem")), name, keys };
}

function judge(leaf: Made, intermediates: Made[], anchors: Made[]): string {
  const enrolled: Anchor[] = anchors.map(({ name, certificate }) => ({ name, certificate }));
  const chain = {
    leaf: leaf.certificate,
    commonName: leaf.name,
    intermediates: intermediates.map((one) => one.certificate),
  };
  const verdict = judgeChain(chain, enrolled, NOW);
  return "anchor" in verdict ? `under ${verdict.anchor.name}` : verdict.refusal;
}

test("a leaf is followed to the nearest enrolled CA", async () => {
  const root = await make("root", { ca: true });
  const middle = await make("middle", { ca: true, issuer: root });
  const leaf = await make("leaf", { issuer: middle });
  assert.equal(judge(leaf, [middle], [root]), "under root");
  assert.equal(judge(leaf, [], [root, middle]), "under middle", "the most specific enrolment wins");
  assert.equal(judge(leaf, [root, middle], [root]), "under root", "in whatever order they were sent");
  assert.match(judge(leaf, [], [root]), /CA certificate not found/, "without the intermediate");
  assert.match(judge(leaf, [middle, root], []), /CA certificate not found/, "an own root does not count");
});

test("a chain with a fault in it is refused with the fault", async () => {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const { keyEncipherment, digitalSignature, cRLSign } = x509.KeyUsageFlags;
  const root = await make("root", { ca: true, pathLength: 0 });
  const old = await make("old", { ca: true, notAfter: new Date(NOW.getTime() - 1000) });
  const mute = await make("mute", { ca: true, usage: cRLSign });
  const middle = await make("middle", { ca: true, issuer: root });
  const device = await make("device", { issuer: root });
  const underDevice = await make("leaf", { issuer: device });
  const cases: [leaf: Made, intermediates: Made[], anchor: Made, says: RegExp][] = [
    [await make("leaf", { issuer: middle }), [middle], root, /allows 0 CAs below it and has 1/],
    [await make("leaf", { issuer: old }), [], old, /CA certificate has expired/],
    [await make("leaf", { issuer: mute }), [], mute, /CA certificate not found/],
    [underDevice, [device], root, /signed a certificate but is no CA/],
    [middle, [], root, /a CA certificate cannot stand for a device/],
    [await make("leaf", { issuer: root, extendedUsage: serverAuth }), [], root, /client authentication/],
    [await make("leaf", { issuer: root, usage: keyEncipherment }), [], root, /digital signatures/],
    [
      await make("leaf", { issuer: root, usage: digitalSignature, extendedUsage: clientAuth }),
      [],
      root,
      /^under root$/,
    ],
  ];
  for (const [leaf, intermediates, anchor, says] of cases)
    assert.match(judge(leaf, intermediates, [anchor]), says);
});

test("a name is not enough: the signature decides", async () => {
  const root = await make("root", { ca: true });
  const impostor = await make("root", { ca: true });
  const leaf = await make("leaf", { issuer: impostor });
  assert.match(judge(leaf, [], [root]), /CA certificate not found/);
});

test("two CAs that send each other around end in a refusal", async () => {
  const first = await make("first", { ca: true });
  const second = await make("second", { ca: true, issuer: first });
  const crossed = await make("first", { ca: true, issuer: second });
  const loop: Made = { ...crossed, keys: first.keys };
  const leaf = await make("leaf", { issuer: second });
  assert.match(judge(leaf, [second, loop, first], []), /CA certificate not found|too long/);
});
