/** Why a row may fall short of its target: what a profile showed, in words. The first that fits counts. */
const CAUSES = [
  {
    row: /^receive over HTTP on \w+.* (?:traced and measured|one trace in ten)$/,
    cause:
      "The SDK's own work: it takes as long for as many spans and measurements without our code (the rows beside). Metrics without spans take 1.45 times as long as no telemetry.",
  },
  {
    row: /^receive over HTTP on Fastify/,
    cause:
      'No function stands out: of the CPU time, Node and Fastify take 70 %, a quarter of that to write the response; our code takes 26 %, of which reading the event takes 5 %, the two digests 2 % and the response 2 %. The rest is what the others do not do: strict headers, the event and its key, duplicates, dispatch and its checkpoints.',
  },
  {
    row: /^receive over HTTP on Express/,
    cause:
      'Express and Node take about three quarters of the time of each contender. The others neither detect duplicates nor build an event nor run a handler, which takes a sixth of ours.',
  },
  {
    row: /^handle a backlog, a second process listening,.* on Redis/,
    cause:
      'For each event the worker sends a message to the bus of the other processes: one more request beside the two that a job takes, and a reader in the other process, on the same processor.',
  },
  {
    row: /^commands a second on Redis/,
    cause:
      "The relay's heartbeat is half of it: a script that reads and trims the stream of the event bus. A longer interval would lose messages that were sent while the store was away.",
  },
  {
    row: /^connections to PostgreSQL/,
    cause: 'The session that holds locks stays open beside the pool, since a lock ends with its session.',
  },
  {
    row: /^installed size/,
    cause:
      'Code with its names and white space is 60 % of it, typings 11 %, docs 15 % and source maps 8 %. Without docs, white space and local names it would still be more than 800 kB.',
  },
  {
    row: /^inline inbox, .* growth of the RSS/,
    cause:
      'The cache of handled events fills until 100,000 of them (14 MiB after the first 50,000), and V8 lets the heap grow before it first collects it: 266 MiB after 400,000 events and 255 after 600,000 of one run.',
  },
  {
    row: /^start to listening/,
    cause:
      'Loading and compiling our code takes half of the difference, and creating our providers and the route the other half: Nest resolves about forty providers.',
  },
];

/** @returns the cause for a row that missed its target, `undefined` for others */
export function causeOf({ what, met }) {
  if (met !== false) return undefined;
  return CAUSES.find(({ row }) => row.test(what))?.cause ?? 'no known cause: this target was met before';
}
