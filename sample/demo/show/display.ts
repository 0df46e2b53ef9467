import type { WorkflowView } from '../../page/page-api.js';

/** Shows how workflows get on. */
export interface Display {
  update(workflow: WorkflowView): void;
  /** Leaves what is shown as it stands. May be called twice. */
  stop(): void;
}
