/** The common name in a subject or issuer as Node writes it, an attribute a line; undefined if it has none. */
export function commonNameIn(name: string): string | undefined {
  return /(?:^|\n)CN=([^\n]+)/.exec(name)?.[1];
}

/** The same for people: the whole name on one line if it has no common name. */
export function describeName(name: string): string {
  return commonNameIn(name) ?? name.replaceAll("\n", ", ");
}
