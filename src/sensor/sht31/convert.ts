/** °C of a raw word: −45 + 175 · S / (2¹⁶ − 1) (SHT3x-DIS datasheet v5, section 4.13). */
export function temperatureOf(word: number): number {
  return -45 + (175 * word) / 65_535;
}

/** %RH of a raw word, 0…100: 100 · S / (2¹⁶ − 1) (ibid.). */
export function humidityOf(word: number): number {
  return (100 * word) / 65_535;
}
