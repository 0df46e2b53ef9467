// Module and options
export { GeminiWebhooksModule } from './gemini-webhooks.module.js';
export type { GeminiWebhooksModuleAsyncOptions } from './config/async-options.js';
export type {
  BindingOptions,
  EndpointOptions,
  GeminiWebhooksModuleOptions,
  GeminiWebhooksOptionsFactory,
  GeminiWebhooksRouteOptions,
  GeminiWebhooksSettings,
  HmacOptions,
  HmacSecretsResolver,
  JwksOptions,
} from './config/gemini-webhooks.options.js';
export type { JobsOptions, ReconcileOptions } from './config/jobs.options.js';
export { getGeminiToken } from './gemini-webhooks.tokens.js';

// Receiving deliveries
export { GeminiDelivery } from './receiver/gemini-delivery.decorator.js';
export { GeminiSignatureGuard, geminiSignatureGuard } from './receiver/gemini-signature.guard.js';

// Verifying signatures
export type { SignatureRequest, SignatureStrategy, SignatureVerdict } from './signature/signature-strategy.js';
export { SignatureVerifier } from './signature/signature-verifier.js';

// Inbox
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
  JobStart,
  JobTracker,
  JobTracking,
  JobVerdict,
  LostJob,
  LostOutcome,
  TrackedJob,
} from './inbox/job-tracker.js';
export type { GeminiInboxStats, InboxHealth, InboxStoreState, InboxWorkerState } from './inbox/inbox-stats.js';
export { inlineInbox, type InlineInboxOptions } from './inbox/inline-inbox.js';

// Health
export { GeminiWebhooksHealth, type GeminiHealth, type GeminiHealthCause } from './health/gemini-webhooks-health.js';
export type { GeminiHealthLimits, GeminiHealthOptions } from './health/health-limits.js';
export type { KeySetStatus } from './signature/key-set.js';
export type { WebhookStatus } from './static-webhooks/webhook-monitor.js';

// Handlers
export type { DispatchOutcome, DispatchRun, HandlerCheckpoints, HandlerSettlement } from './handlers/dispatch.js';
export type { GeminiHandlerContext } from './handlers/handler-context.js';
export { OnGeminiEvent, type OnGeminiEventOptions } from './handlers/on-gemini-event.decorator.js';

export type { AroundGeminiHandler, GeminiHandlerRun } from './handlers/around-handler.js';

// Claims
export type { GeminiClaimOptions } from './claims/handler-claims.js';
export { claimsTableSql, type GeminiClaimsDialect } from './claims/claims-table.js';
export { pruneClaims } from './claims/prune-claims.js';

// Event bus
export { GeminiEventBus, type WaitForOptions } from './bus/gemini-event-bus.js';

// Jobs
export type { BatchInputContent, BatchInputRequest, BatchInputRequests } from './jobs/transfer/batch-input-lines.js';
export type { BatchInputOptions } from './jobs/transfer/batch-input.js';
export type { BatchResultError, BatchResultLabels } from './jobs/transfer/batch-entry.js';
export type { BatchResult } from './jobs/transfer/batch-results.js';
export type { EmbeddingResult } from './jobs/transfer/embedding-results.js';
export {
  planFilm,
  type FilmChain,
  type FilmPlan,
  type FilmScene,
  type PlanFilmOptions,
  type PlannedScene,
} from './jobs/film-plan.js';
export {
  GeminiJobError,
  type CompletedOptions,
  type GeminiJob,
  type GeminiJobCompletion,
  type JobWaitOptions,
} from './jobs/gemini-job.js';
export { GeminiJobs } from './jobs/gemini-jobs.js';
export type { CreateInteractionParameters, InteractionKind } from './jobs/job-plans.js';
export type { GeminiJobRef } from './jobs/job-ref.js';
export type {
  GeminiWebhookConfig,
  JobRouteOptions,
  JobStartOptions,
  WebhookConfigOptions,
} from './jobs/job-webhooks.js';
export type { InlineVideo } from './jobs/transfer/inline-video.js';
export type { LinkedVideo, OutputVideo, OutputVideoOptions } from './jobs/transfer/output-video.js';
export type { TransferOptions } from './jobs/transfer/resumable-download.js';
export type { DownloadProgress, VideoDownloadOptions } from './jobs/transfer/video-download.js';
export type { ReadinessOptions } from './jobs/transfer/file-readiness.js';
export type { CreateVideoParameters, ExtendVideoParameters } from './jobs/video-plans.js';

// Static webhooks
export type { EndpointChange, EndpointSyncResult } from './static-webhooks/webhook-sync.js';
export { fileSecretStore } from './static-webhooks/file-secret-store.js';
export { GeminiWebhookEndpoints } from './static-webhooks/gemini-webhook-endpoints.js';
export type { EndpointStatus, EndpointSyncOptions, RotateOptions } from './static-webhooks/endpoint-options.js';
export type {
  SigningSecret,
  SigningSecretStore,
  SigningSecretStoreFactory,
  SigningSecretStoreHost,
} from './static-webhooks/signing-secret-store.js';
export type { StaticWebhook, TruncatedSecret } from './static-webhooks/static-webhook.js';
export type { RevokePrevious } from './static-webhooks/webhooks-api.js';

// Events
export {
  GEMINI_EVENTS,
  type GeminiErrorData,
  type GeminiEventAlias,
  type GeminiEventData,
  type GeminiEventType,
  type GeminiLostData,
  type GeminiResourceData,
  type GeminiResourceKind,
  type SubscribableGeminiEventType,
} from './events/event-catalogue.js';
export type { GeminiDeliveryReport } from './events/delivery-report.js';
export type { GeminiEventAttempt } from './events/event-attempt.js';
export type { GeminiEventFailure } from './events/event-failure.js';
export { isGeminiEvent } from './events/event-pattern.js';
export { subscribableEvents } from './events/subscribable-events.js';
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
export type { DecidedEvent, VerifiedDelivery } from './events/verified-delivery.js';

// Errors
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
