/**
 * The circles of a graph: every set of nodes that reach each other, as their names in order. A node may have edges to
 * nodes that are not in the graph.
 */
export function circlesIn(graph: ReadonlyMap<string, readonly (string | undefined)[]>): readonly string[] {
  const reach = new Map([...graph.keys()].map((node) => [node, reachableFrom(node, graph)]))
  const circles = [...graph.keys()].flatMap((node) => {
    const members = [...(reach.get(node) ?? [])].filter((other) => reach.get(other)?.has(node) === true)
    return members.length === 0 ? [] : [members.toSorted().join(', ')]
  })
  return [...new Set(circles)].toSorted()
}

/** Every node that a way leads to. The start is one of them where it is in a circle. */
function reachableFrom(
  start: string,
  graph: ReadonlyMap<string, readonly (string | undefined)[]>,
): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [start]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const next of graph.get(node) ?? []) {
      if (next === undefined || seen.has(next) || !graph.has(next)) continue
      seen.add(next)
      open.push(next)
    }
  }
  return seen
}
