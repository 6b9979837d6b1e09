/** The GUID that stands for a person. */

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const isGuid = (text: string): boolean => GUID.test(text);

export const shortGuid = (guid: string): string => `${guid.slice(0, 8)}…`;
