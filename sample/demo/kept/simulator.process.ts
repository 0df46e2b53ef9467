import { GeminiSimulator, type SimulatorFault } from 'nestjs-gemini-webhooks/testing';
import { FAULT_NAMES, type FaultName, type FaultView } from '../../page/page-api.js';
import { keep } from './keeper.js';

/** What the app is told of the simulated Gemini. */
export interface SimulatorDetails {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly jwksUrl: string;
}

/** A film of 21 clips is to be ready within half a minute. */
const DURATIONS = { batch: 6_000, video: 800, interaction: 3_000 };
const DELAY_MS = 3_000;

await keep('simulator', async () => {
  const gemini = await GeminiSimulator.start({
    durations: DURATIONS,
    speed: Number(process.env['SAMPLE_SPEED'] || 1),
    log: (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`),
  });
  const on = new Map<FaultName, () => void>();
  const faults = () => FAULT_NAMES.map((name): FaultView => ({ name, on: on.has(name) }));

  const turn = (name: FaultName, isOn: boolean) => {
    if (isOn && !on.has(name)) on.set(name, gemini.inject(faultNamed(name)));
    if (isOn) return;
    on.get(name)?.();
    on.delete(name);
  };

  const { baseUrl, apiKey, jwksUrl } = gemini;
  return {
    details: { baseUrl, apiKey, jwksUrl } satisfies SimulatorDetails,
    answer: (method, path, body) => {
      if (method === 'GET' && path === '/faults') return faults();
      const name = FAULT_NAMES.find((one) => path === `/faults/${one}`);
      if (method !== 'PUT' || name === undefined) return undefined;
      turn(name, (body as Partial<FaultView> | null)?.on === true);
      return faults();
    },
    end: () => gemini.close(),
  };
});

function faultNamed(fault: FaultName): SimulatorFault {
  return fault === 'delay' ? { fault, delayMs: DELAY_MS } : { fault };
}
