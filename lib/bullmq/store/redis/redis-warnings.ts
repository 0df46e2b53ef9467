import type { Redis } from 'ioredis';

/** Returns warnings about Redis settings that can lose an acknowledged event. */
export async function redisWarnings(client: Pick<Redis, 'info'>): Promise<string[]> {
  const memory = fieldsOf(await client.info('memory'));
  const persistence = fieldsOf(await client.info('persistence'));
  const warnings: string[] = [];
  const policy = memory.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): accepted events can be lost. Set maxmemory-policy noeviction.`,
    );
  }
  if (persistence.get('aof_enabled') === '0') {
    warnings.push(
      'Redis keeps no append-only file (appendonly no): accepted events are lost when it restarts. Set appendonly yes, and appendfsync always to keep even the last second.',
    );
  }
  return warnings;
}

function fieldsOf(info: string): Map<string, string> {
  return new Map(
    info.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}
