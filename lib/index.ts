// The module
export { GeminiWebhooksModule } from './gemini-webhooks.module.js';
export type {
  BindingOptions,
  EndpointOptions,
  GeminiWebhooksModuleAsyncOptions,
  GeminiWebhooksModuleOptions,
  GeminiWebhooksOptionsFactory,
  GeminiWebhooksRouteOptions,
  GeminiWebhooksSettings,
  HmacOptions,
  HmacSecretsResolver,
  JobsOptions,
  JwksOptions,
  ReconcileOptions,
} from './gemini-webhooks.options.js';
export { getGeminiToken } from './gemini-webhooks.tokens.js';

// How a delivery comes in
export { GeminiDelivery } from './receiver/gemini-delivery.decorator.js';
export { GeminiSignatureGuard, geminiSignatureGuard } from './receiver/gemini-signature.guard.js';

// Did Gemini say it, and to us?
export type { SignatureRequest, SignatureStrategy, SignatureVerdict } from './signature/signature-strategy.js';
export { SignatureVerifier } from './signature/signature-verifier.js';

// Who is responsible for it now?
export {
  GeminiFailedEvents,
  type FailedEvent,
  type FailedEventsFilter,
  type FailedEventStore,
  type ReplayOptions,
} from './inbox/failed-events.js';
export { GeminiInbox } from './inbox/gemini-inbox.js';
export type { InboxEngine, InboxEngineFactory, InboxHost, InboxReceipt } from './inbox/inbox-engine.js';
export type {
  JobCheck,
  JobRef,
  JobSettlement,
  JobTracker,
  JobTracking,
  JobVerdict,
  TrackedJob,
} from './inbox/job-tracker.js';
export { inlineInbox, type InlineInboxOptions } from './inbox/inline-inbox.js';

// Who wants it?
export type { DispatchOutcome, DispatchRun, HandlerCheckpoints, HandlerSettlement } from './handlers/dispatch.js';
export type { GeminiHandlerContext } from './handlers/handler-context.js';
export { OnGeminiEvent, type OnGeminiEventOptions } from './handlers/on-gemini-event.decorator.js';

// Who else is listening?
export { GeminiEventBus, type WaitForOptions } from './bus/gemini-event-bus.js';

// What did we ask Gemini for?
export type { BatchInputContent, BatchInputRequest, BatchInputRequests } from './jobs/batch-input-lines.js';
export type { BatchInputOptions } from './jobs/batch-input.js';
export type { BatchResult, BatchResultError } from './jobs/batch-results.js';
export { GeminiJobError, type CompletedOptions, type GeminiJob, type GeminiJobCompletion } from './jobs/gemini-job.js';
export { GeminiJobs } from './jobs/gemini-jobs.js';
export type { CreateInteractionParameters, ExtendVideoParameters } from './jobs/job-plans.js';
export type { GeminiJobRef } from './jobs/job-ref.js';
export type { GeminiWebhookConfig, JobRouteOptions, WebhookConfigOptions } from './jobs/job-webhooks.js';
export type { TransferOptions } from './jobs/resumable-download.js';
export type { DownloadProgress, VideoDownloadOptions } from './jobs/video-download.js';

// Where does Gemini send?
export type { EndpointChange, EndpointSyncResult } from './endpoints/endpoint-sync.js';
export { fileSecretStore } from './endpoints/file-secret-store.js';
export {
  GeminiWebhookEndpoints,
  type EndpointStatus,
  type EndpointSyncOptions,
  type RotateOptions,
} from './endpoints/gemini-webhook-endpoints.js';
export type {
  SigningSecret,
  SigningSecretStore,
  SigningSecretStoreFactory,
  SigningSecretStoreHost,
} from './endpoints/signing-secret-store.js';
export type { StaticWebhook, TruncatedSecret } from './endpoints/static-webhook.js';
export type { RevokePrevious } from './endpoints/webhooks-api.js';

// What can Gemini say?
export {
  GEMINI_EVENTS,
  type GeminiErrorData,
  type GeminiEventAlias,
  type GeminiEventData,
  type GeminiEventType,
  type GeminiResourceData,
  type GeminiResourceKind,
  type SubscribableGeminiEventType,
} from './events/event-catalogue.js';
export type { GeminiEventFailure } from './events/event-failure.js';
export { isGeminiEvent } from './events/event-pattern.js';
export { outputUri } from './events/event-resource.js';
export type {
  GeminiEvent,
  GeminiEventDelivery,
  GeminiEventEnvelope,
  GeminiEventOf,
  GeminiEventPattern,
  GeminiResource,
  KnownGeminiEvent,
  UnknownGeminiEvent,
  UnknownGeminiEventType,
} from './events/gemini-event.js';
export type { VerifiedDelivery } from './events/verified-delivery.js';

// What went wrong?
export {
  GeminiWebhooksError,
  TimeoutError,
  UnrecoverableEventError,
  type GeminiDeliveryErrorCode,
  type GeminiJobErrorCode,
  type GeminiJobOutcome,
  type GeminiWebhooksErrorCode,
} from './errors.js';
export { GeminiProblemException, type Problem } from './problem.js';
