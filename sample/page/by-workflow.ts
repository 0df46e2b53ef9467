/** Rows by the workflow that they are of, each in the order in which they came. */
export function byWorkflow<Row extends { readonly workflow: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.workflow);
    if (group) group.push(row);
    else groups.set(row.workflow, [row]);
  }
  return groups;
}
