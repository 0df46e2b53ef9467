import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from './faults.js';
import type { FleetProcess } from './fleet.js';

/** What a fault of a process happens to. */
export interface FaultyFleet<Special = never> {
  readonly fleet: {
    at(turn: number): FleetProcess;
    replace(turn: number, signal: 'SIGKILL' | 'SIGTERM', special?: Special): Promise<FleetProcess>;
  };
}

export const killed: Fault<FaultyFleet> = {
  name: 'SIGKILL',
  async happen({ fleet }, turn) {
    const { pid } = await fleet.replace(turn, 'SIGKILL');
    return { what: 'killed', pid };
  },
};

export const terminated: Fault<FaultyFleet> = {
  name: 'SIGTERM',
  async happen({ fleet }, turn) {
    await fleet.replace(turn, 'SIGTERM');
  },
};

/** If it lasts longer than the locks of the process's events, other workers take them over. */
export const frozen = (ms: number): Fault<FaultyFleet> => ({
  name: 'process frozen',
  async happen({ fleet }, turn) {
    const process = fleet.at(turn);
    process.signal('SIGSTOP');
    await wait(ms);
    process.signal('SIGCONT');
    return { what: 'frozen', pid: process.pid };
  },
});

/** @param clockAheadMs negative for a clock that is behind */
export const skewed = (clockAheadMs: number, ms: number): Fault<FaultyFleet<{ readonly clockAheadMs: number }>> => ({
  name: `clock ${Math.abs(clockAheadMs) / 1_000} s ${clockAheadMs > 0 ? 'ahead' : 'behind'}`,
  async happen({ fleet }, turn) {
    await fleet.replace(turn, 'SIGTERM', { clockAheadMs });
    await wait(ms);
    const { pid } = await fleet.replace(turn, 'SIGTERM');
    return { what: 'skewed', pid };
  },
});
