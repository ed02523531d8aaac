import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConnectionString } from "#fleet/service/connection-string.js";

const KEY = "c2VjcmV0LWtleQ==";

test("Azure's form is understood", () => {
  const text = `HostName=cheese.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;
  assert.deepEqual(parseConnectionString(text), {
    host: "cheese.azure-devices.net",
    port: 443,
    connectionString: text,
  });
});

test("a port is taken out of HostName, since the SDK takes none there", () => {
  const text = `HostName=localhost:9443;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`;
  const address = parseConnectionString(text);
  assert.equal(address.port, 9443);
  assert.equal(address.connectionString, text.replace(":9443", ""));
});

test("a broken string is refused by what is missing, and the key is never repeated", () => {
  const broken = [
    ["", "HostName"],
    [`SharedAccessKeyName=a;SharedAccessKey=${KEY}`, "HostName"],
    [`HostName=a;SharedAccessKey=${KEY}`, "SharedAccessKeyName"],
    ["HostName=a;SharedAccessKeyName=b", "SharedAccessKey"],
    [`HostName=a/b;SharedAccessKeyName=b;SharedAccessKey=${KEY}`, "HostName"],
    [`HostName=a:70000;SharedAccessKeyName=b;SharedAccessKey=${KEY}`, "HostName"],
    [`HostName=https://a;SharedAccessKeyName=b;SharedAccessKey=${KEY}`, "HostName"],
  ] as const;
  for (const [text, field] of broken) {
    assert.throws(
      () => parseConnectionString(text),
      (error: Error) => {
        assert.ok(error.message.includes(field), error.message);
        assert.ok(!JSON.stringify(error).includes(KEY) && !error.message.includes(KEY));
        return "code" in error && error.code === "USAGE";
      },
    );
  }
});
