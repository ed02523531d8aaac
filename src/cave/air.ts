/** The two numbers that the rules look at: °C and %RH. */
export interface Air {
  readonly temperature: number;
  readonly humidity: number;
}

/** What an SHT31 can measure (SHT3x-DIS datasheet v5, tables 1 and 2); nothing outside is air in a cave. */
const TEMPERATURE_RANGE = { minimum: -40, maximum: 125 };
const HUMIDITY_RANGE = { minimum: 0, maximum: 100 };

/** False for no reading, NaN, infinities and what no sensor of ours can measure. */
export function isValidAir(air: Air | undefined): air is Air {
  return (
    air !== undefined &&
    isWithin(air.temperature, TEMPERATURE_RANGE) &&
    isWithin(air.humidity, HUMIDITY_RANGE)
  );
}

function isWithin(value: number, range: { minimum: number; maximum: number }): boolean {
  return value >= range.minimum && value <= range.maximum;
}
