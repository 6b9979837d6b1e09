/** Strict reading of JSON: each function accepts one kind of value, and ends with NotGenuine for any other. */

import { type Bytes, fromBase64, fromUtf8, isEncodable } from "./bytes.ts";
import { NotGenuine } from "./errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

const has = Object.hasOwn;

/** An object in UTF-8, in which no object names a key twice, and every number is an exact integer. */
export const jsonObject = (data: Uint8Array, what: string): Fields => objectOf(data, what, isUnambiguous);

/** As `jsonObject`, of compact JSON alone: written anew, the object gives the same text. */
export const compactObject = (data: Uint8Array, what: string): Fields =>
  objectOf(data, what, (text, value) => JSON.stringify(value) === text);

function objectOf(data: Uint8Array, what: string, isStrict: (text: string, value: unknown) => boolean): Fields {
  const value = strictly(data, isStrict);
  if (value === undefined) throw new NotGenuine(`${what} is not JSON, or not in the form that Daybook writes`);
  if (!isObject(value)) throw new NotGenuine(`${what} is not a JSON object`);
  return value;
}

function strictly(data: Uint8Array, isStrict: (text: string, value: unknown) => boolean): unknown {
  const text = fromUtf8(data);
  try {
    const value: unknown = text === null ? undefined : JSON.parse(text);
    if (text === null || !isStrict(text, value)) return undefined;
    return text.includes("\\u") && !isEncodable(strings(value)) ? undefined : value;
  } catch {
    return undefined; // no JSON, or nested too deeply for anything that Daybook writes
  }
}

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with exactly these fields. */
export function only(value: unknown, names: readonly string[], what: string): Fields {
  if (!isObject(value) || Object.keys(value).length !== names.length || !names.every((each) => has(value, each))) {
    throw new NotGenuine(`${what} does not have exactly the fields ${names.join(", ")}`);
  }
  return value;
}

export function field(of: Fields, name: string, what: string): unknown {
  if (!has(of, name)) throw new NotGenuine(`${what} has no field ${name}`);
  return of[name];
}

/** From 0 to 2^53 - 1, which is more than any log will hold. */
export function integer(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new NotGenuine(`${what} is not an integer from 0 on`);
  return value as number;
}

/** ASCII digits without leading zeros. */
export function decimal(text: string, what: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new NotGenuine(`${what} is not a decimal number`);
  }
  return Number(text);
}

export function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw new NotGenuine(`${what} is not a text`);
  return value;
}

export function items(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new NotGenuine(`${what} is not a list`);
  return value;
}

export function base64(value: unknown, what: string): Bytes {
  const data = typeof value === "string" ? fromBase64(value) : null;
  if (data === null) throw new NotGenuine(`${what} is not base64`);
  return data;
}

/** Since 1970, of a time such as `2026-11-22T16:31:07.123Z`. */
export function milliseconds(value: unknown, what: string): number {
  const ms = typeof value === "string" ? timeOf(value) : null;
  if (ms === null) throw new NotGenuine(`${what} is not a time in UTC with milliseconds`);
  return ms;
}

/** Null where the text is no such time, or on no calendar. */
export function timeOf(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) || text.startsWith("0000")) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || new Date(ms).toISOString() !== text ? null : ms;
}

/** Outside of strings, JSON has a colon for each key: a key that is named twice is one more than the value has. */
function isUnambiguous(text: string, value: unknown): boolean {
  const bare = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "");
  return !/[0-9][.eE]/.test(bare) && bare.split(":").length - 1 === keysOf(value);
}

function keysOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, each) => sum + keysOf(each), own);
}

/** All keys and texts of a value, each apart from its neighbours. */
function strings(value: unknown): string {
  const found: string[] = [];
  JSON.stringify(value, (key, each: unknown) => {
    found.push(key);
    if (typeof each === "string") found.push(each);
    return each;
  });
  return found.join(" ");
}
