export {
  signGeminiDelivery,
  type SignDeliveryBase,
  type SignedDelivery,
  type SignWithPrivateKey,
  type SignWithSecret,
} from './sign-delivery.js';

export { GeminiSimulator } from './simulator/gemini-simulator.js';
export type { GeminiSimulatorOptions } from './simulator/simulator.options.js';
export type { EventFaultScope, FaultTimes, SimulatorFault } from './simulator/faults.js';
export type { FileStore as SimulatedFiles, NewFile, StoredFile } from './simulator/files.js';
export type { SimulatedRequest } from './simulator/request-log.js';
export type { JobEnd } from './simulator/simulated-api.js';
export type { SimulatedDelivery } from './simulator/webhook-sender.js';
