/** This machine cannot have what a rig needs; the message says what, and what would help. */
export class Unavailable extends Error {
  override name = "Unavailable";
}
