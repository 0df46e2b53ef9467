import type { ModuleMetadata, Provider, Type } from '@nestjs/common';
import type {
  BindingOptions,
  EndpointOptions,
  GeminiWebhooksOptionsFactory,
  GeminiWebhooksRouteOptions,
  GeminiWebhooksSettings,
  HmacOptions,
  JwksOptions,
} from './gemini-webhooks.options.js';
import type { JobsOptions, ReconcileOptions } from './jobs.options.js';

/** Creates the settings for `forRootAsync({ useFactory })`. */
export type SettingsFactory = (...args: never[]) => GeminiWebhooksSettings | Promise<GeminiWebhooksSettings>;

/** Options next to the factory. */
interface RouteAndImports extends GeminiWebhooksRouteOptions, Pick<ModuleMetadata, 'imports'> {}

interface UseFactory<Factory> extends RouteAndImports {
  readonly useFactory: Factory;
  readonly inject?: Extract<Provider, { useFactory: unknown }>['inject'];
  readonly useClass?: never;
  readonly useExisting?: never;
}

interface UseClass<Class> extends RouteAndImports {
  readonly useClass: Class;
  readonly useFactory?: never;
  readonly inject?: never;
  readonly useExisting?: never;
}

interface UseExisting<Class> extends RouteAndImports {
  readonly useExisting: Class;
  readonly useFactory?: never;
  readonly inject?: never;
  readonly useClass?: never;
}

/**
 * Options of `GeminiWebhooksModule.forRootAsync`: the route options, and one of `useFactory`, `useClass` and `useExisting`
 * to create the settings.
 */
export type GeminiWebhooksModuleAsyncOptions<
  Factory extends SettingsFactory = SettingsFactory,
  Class extends Type<GeminiWebhooksOptionsFactory> = Type<GeminiWebhooksOptionsFactory>,
> = UseFactory<Factory> | UseClass<Class> | UseExisting<Class>;

/**
 * `GeminiWebhooksModuleAsyncOptions` that reject unknown settings. The compiler checks for excess keys in object literals
 * only, not in the return type of a function.
 */
export type CheckedOptions<
  Factory extends SettingsFactory,
  Class extends Type<GeminiWebhooksOptionsFactory>,
> = GeminiWebhooksModuleAsyncOptions<Factory, Class> &
  Rejected<UnknownOptions<Awaited<ReturnType<Factory>>>, 'useFactory'> &
  Rejected<UnknownOptions<CreatedBy<Class>>, 'useClass' | 'useExisting'>;

type CreatedBy<Class> = Class extends new (...args: never[]) => { createGeminiWebhooksOptions(): infer Created }
  ? Awaited<Created>
  : never;

type Rejected<Names, Where extends string> = [Names] extends [never]
  ? unknown
  : { readonly [Key in Where]?: Advice<Names> };

type Advice<Name> = Name extends keyof GeminiWebhooksRouteOptions
  ? `${Name} must be next to the factory, not in its return value`
  : `${Name & string} is not an option of GeminiWebhooksModule`;

/** Names of unknown options, nested ones as `binding.ttl`. `never` for `any`, whose keys are not known. */
type UnknownOptions<Given> = 0 extends 1 & Given
  ? never
  : | UnknownKeys<Given, GeminiWebhooksSettings, ''>
    | UnknownKeys<ValueAt<Given, 'hmac'>, HmacOptions, 'hmac.'>
    | UnknownKeys<ValueAt<Given, 'jwks'>, JwksOptions, 'jwks.'>
    | UnknownKeys<ValueAt<Given, 'binding'>, BindingOptions, 'binding.'>
    | UnknownKeys<ValueAt<Given, 'endpoint'>, EndpointOptions, 'endpoint.'>
    | UnknownKeys<ValueAt<Given, 'jobs'>, JobsOptions, 'jobs.'>
    | UnknownKeys<ValueAt<ValueAt<Given, 'jobs'>, 'reconcile'>, ReconcileOptions, 'jobs.reconcile.'>;

type ValueAt<Given, Key extends string> = Given extends { readonly [Name in Key]?: infer Value } ? Value : never;

type UnknownKeys<Given, Wanted, Prefix extends string> = 0 extends 1 & Given
  ? never
  : Given extends object
    ? Exclude<keyof Given, keyof Wanted> extends infer Name extends string
      ? `${Prefix}${Name}`
      : never
    : never;
