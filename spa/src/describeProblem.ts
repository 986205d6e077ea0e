/** The sentences by code. The second file fills this table. `datasets()`, which returns the codes, loads that file. */
export const problemTexts: Record<string, string> = {};

/** The sentence for a code in the `problems` of a listed report or dataset. */
export function describeProblem(code: string): string {
  return problemTexts[code] ?? `It cannot be used now (${code}).`;
}
