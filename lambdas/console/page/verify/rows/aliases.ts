/** What actors that are no people are called in each profile. */

export interface Aliases {
  readonly system: string;
  readonly api: string;
  readonly operations: string;
  readonly unknown: string;
}

const USUAL: Aliases = { system: "System", api: "API", operations: "Operations", unknown: "Unknown" };

export const ALIASES: ReadonlyMap<string, Aliases> = new Map([
  ...["generic", "chat", "enate", "jiffy", "symbee"].map((profile) => [profile, USUAL] as const),
  ["carear", { ...USUAL, api: "Provisioning API", operations: "CareAR Operations" }],
]);
