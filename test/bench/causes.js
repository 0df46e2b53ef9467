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
      'As on Fastify, no function stands out. The others verify and answer; ours also detects duplicates, builds the event, and runs a handler with its checkpoints.',
  },
  {
    row: /^handle a backlog on Redis/,
    cause:
      'No function stands out: an event takes 195 µs of CPU time, on a bare worker 155. Of the difference our code takes 21 (its checkpoints 5, reading the event 2), garbage collection 13 and the cache of published events 7.',
  },
  {
    row: /^1000 events and their jobs' ends on PostgreSQL/,
    cause:
      "BullMQ's functions on the server: to complete a job and claim the next takes 2.9 ms, 2,000 times, or 88 % of the time. A third of that is the search for due jobs among 200,000 delayed ones (with 4,000 it takes 0.4 ms instead of 1.1), a fifth the deletion of old notifications.",
  },
  {
    row: /^handle a backlog, a second process listening,.* on Redis/,
    cause:
      'Each event waits until its message to the other processes is stored, behind the message before it: it must not be lost if the process is killed. In one profile the worker was idle for a third of the time; all messages of a moment in one request gain 8 %.',
  },
  {
    row: /^installed size/,
    cause:
      'Code with its names and white space is 60 % of it, docs 21 %, typings 11 % and source maps 8 %. Without docs, white space and local names about 790 kB would be left.',
  },
  {
    row: /^inline inbox, .* growth of the RSS/,
    cause:
      'The cache of handled events fills until 100,000 of them, which takes 14 MiB after the first 50,000. Then the heap is flat. The RSS also has what V8 has yet to collect: with a collection every 50,000 events it was 125 MiB after 50,000, 171 after 150,000 and 158 after 600,000.',
  },
  {
    row: /^start to listening/,
    cause:
      'More than half of the difference is to load and compile our code, the rest to create our providers and the route. V8 could cache the compiled code, but only the app can turn that on.',
  },
];

/** @returns the cause for a row that missed its target, `undefined` for others */
export function causeOf({ what, met }) {
  if (met !== false) return undefined;
  return CAUSES.find(({ row }) => row.test(what))?.cause ?? 'no known cause: this target was met before';
}
