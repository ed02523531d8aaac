import assert from "node:assert/strict";
import { test } from "node:test";
import { connectFailure, registrationFailure } from "#agent/hub/failure.js";
import type { Identity } from "#agent/hub/identity.js";
import { isTrustFailure } from "#agent/hub/tls-failure.js";

const DAY = 86_400_000;
/** Far from the day of this machine: only the clock that was handed in counts. */
const NOW = Date.UTC(2001, 0, 1);
const identity: Identity = {
  deviceId: "cave-01",
  certificatePem: "",
  keyPem: "",
  thumbprint: "AA",
  notBefore: new Date(NOW - DAY),
  notAfter: new Date(NOW + DAY),
  issuer: "Cheese Cave Root CA",
};
const tried = { identity, at: NOW };
const coded = (message: string, code: string | number) => Object.assign(new Error(message), { code });

test("only a number is the server's own word; text codes are the socket's or OpenSSL's", () => {
  const cases: [string | number, string][] = [
    [5, "HUB_REFUSED"],
    [2, "HUB_REFUSED"],
    [3, "HUB_UNAVAILABLE"],
    ["ECONNREFUSED", "HUB_UNREACHABLE"],
    ["EAI_AGAIN", "HUB_UNREACHABLE"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "HUB_UNTRUSTED"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "HUB_UNTRUSTED"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "HUB_UNTRUSTED"],
    ["CERT_HAS_EXPIRED", "HUB_UNTRUSTED"],
    ["CERT_NOT_YET_VALID", "CLOCK_BEHIND"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "HUB_UNREACHABLE"],
  ];
  for (const [code, expected] of cases) {
    const failure = connectFailure("hub", "hub.example", coded("it failed", code), tried);
    assert.equal(failure.code, expected, String(code));
    assert.equal(failure.retryable, true);
    assert.match(failure.message, /hub\.example/);
    assert.notEqual(failure.remedy, "");
  }
  assert.equal(isTrustFailure(coded("reset", "ECONNRESET")), false);
});

test("an alert about our certificate is the server's own word, and no doubt about the server's", () => {
  const cases: [string, string, number][] = [
    ["EPROTO", "tlsv1 alert unknown ca", 48],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "tlsv1 alert unknown ca", 48],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "sslv3 alert certificate expired", 45],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tlsv13 alert certificate required", 116],
  ];
  for (const [code, said, number] of cases) {
    const text = `0A000418:SSL routines:ssl3_read_bytes:${said}:rec_layer_s3.c:1601:SSL alert number ${number}`;
    assert.equal(isTrustFailure(coded(text, code)), false);
    const failure = connectFailure("DPS", "dps.example", coded(text, code), tried);
    assert.equal(failure.code, "DPS_REFUSED", code);
    assert.match(failure.remedy, /provisioning\.host .* enrolled there/);
    assert.match(failure.message, new RegExp(`refused cave-01: .*TLS alert ${number}`));
  }
  const handshake = coded("sslv3 alert handshake failure:SSL alert number 40", "EPROTO");
  assert.equal(connectFailure("hub", "hub.example", handshake, tried).code, "HUB_UNREACHABLE");
});

test("what the DPS refuses is said in one line, with its code and a remedy that fits", () => {
  const say = (refusal: Parameters<typeof registrationFailure>[0], who = identity) => {
    const { code, message, remedy } = registrationFailure(
      refusal,
      "0neSECRET",
      { identity: who, at: NOW },
      new Error("raw"),
    );
    return `${code}: ${message}; ${remedy}`;
  };
  assert.match(
    say({ errorCode: 401002, message: "CA certificate not found." }),
    /^DPS_UNAUTHORIZED: .*CA certificate not found\. \(401002\); enrol the CA "Cheese Cave Root CA"/,
  );
  assert.match(
    say({ errorCode: 401002, message: "Invalid certificate." }, { ...identity, notAfter: new Date(0) }),
    /the certificate expired on 1970-01-01/,
  );
  assert.match(
    say({ errorCode: 401002 }, { ...identity, notBefore: new Date(NOW + DAY) }),
    /check this machine's clock/,
  );
  assert.match(
    say({ errorCode: 404201, message: "no 0neSECRET here" }),
    /^DPS_NOT_FOUND: .*no 0neS…ET here \(404201\)/,
  );
  assert.match(say({ status: "disabled" }), /^DPS_DISABLED: .*registration is disabled/);
  assert.match(say({ errorCode: 404201 }), /; check provisioning\.idScope: .*"0neS…ET"$/);
  assert.match(say({ errorCode: 400001, message: "Bad." }), /refused .*\(400001\); look the code up/);
  assert.match(say({}), /^DPS_FAILED: the registration of cave-01 broke off: raw; .*another agent/);
});

test("a server that is busy has nothing for a person to check", () => {
  const { code, message, remedy } = connectFailure("hub", "hub.example", coded("x", 3), tried);
  assert.equal(code, "HUB_UNAVAILABLE");
  assert.match(message, /not available/);
  assert.match(remedy, /^nothing/);
});

test("what does not speak TLS is told as that, and not in OpenSSL's words", () => {
  const cases: [string, string][] = [
    ["EPROTO", "write EPROTO 40A7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "0A00010B:SSL routines:tls_validate_record_header:wrong version number"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "SSL routines::packet length too long"],
  ];
  for (const [code, text] of cases) {
    const failure = connectFailure("DPS", "dps.example", coded(text, code), tried);
    assert.equal(failure.code, "DPS_UNREACHABLE");
    assert.match(failure.message, /dps\.example does not speak TLS$/);
    assert.match(failure.remedy, /captive portal or proxy/);
  }
});
