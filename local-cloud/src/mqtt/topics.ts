/** `key=value&key=value`, URL-encoded, as Azure writes it behind a topic; undefined when it cannot be decoded. */
export function parsePropertyBag(bag: string): Map<string, string> | undefined {
  const properties = new Map<string, string>();
  try {
    for (const pair of bag.split("&")) {
      if (pair === "") continue;
      const at = pair.indexOf("=");
      const key = decodeURIComponent(at < 0 ? pair : pair.slice(0, at));
      properties.set(key, at < 0 ? "" : decodeURIComponent(pair.slice(at + 1)));
    }
  } catch {
    return undefined;
  }
  return properties;
}

export interface Request {
  path: string;
  /** `$rid`, which the reply repeats. */
  requestId: string;
  parameters: Map<string, string>;
}

/** A request topic `path/?$rid=…`; undefined when it is none or has no request id. */
export function parseRequest(topic: string): Request | undefined {
  const at = topic.indexOf("/?");
  if (at < 0) return undefined;
  const parameters = parsePropertyBag(topic.slice(at + 2));
  const requestId = parameters?.get("$rid");
  if (!parameters || !requestId) return undefined;
  return { path: topic.slice(0, at), requestId, parameters };
}
