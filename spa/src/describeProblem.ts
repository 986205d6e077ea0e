/** By code. The second file fills it; `datasets()`, from which the codes come, loads that file. */
export const problemTexts: Record<string, string> = {};

/** The sentence for a code in the `problems` of a listed report or dataset. */
export function describeProblem(code: string): string {
  return problemTexts[code] ?? `It cannot be used just now (${code}).`;
}
