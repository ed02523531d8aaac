import type { FastifyRequest } from "fastify";

/** A request header as one text. */
export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A number from a header or query, held to a range; `otherwise` when it is missing or no number. */
export function boundedNumber(value: string | undefined, otherwise: number, largest: number): number {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? Math.min(number, largest) : otherwise;
}
