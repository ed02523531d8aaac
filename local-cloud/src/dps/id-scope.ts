/** An ID scope as `cave-agent` takes it in `provisioning.idScope`. */
export function isIdScope(text: string): boolean {
  return /^0n[0-9A-Za-z]{4,30}$/.test(text);
}
