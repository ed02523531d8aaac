/** Bytes of a word on the wire: 16 bits, most significant first, and their CRC (SHT3x-DIS datasheet v5, section 4.4). */
export const WORD_LENGTH = 3;

/** CRC-8 of Sensirion: polynomial x⁸ + x⁵ + x⁴ + 1, from 0xFF, not reflected (datasheet, section 4.12). */
export function crc8(bytes: Iterable<number>): number {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1;
  }
  return crc;
}

/**
 * The words in `bytes`, or undefined if there is not one, or the CRC of any of them does not fit: a value stands only
 * beside its own sound CRC, and no word of a damaged transfer is trusted.
 */
export function wordsOf(bytes: Uint8Array): number[] | undefined {
  if (bytes.length === 0) return undefined;
  const words: number[] = [];
  for (let start = 0; start < bytes.length; start += WORD_LENGTH) {
    const [high = 0, low = 0, crc] = bytes.subarray(start, start + WORD_LENGTH);
    if (crc8([high, low]) !== crc) return undefined;
    words.push((high << 8) | low);
  }
  return words;
}
