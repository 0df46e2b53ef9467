import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { requestStateOf } from './request-state.js';

/** Type of the parameter that `@GeminiDelivery()` injects. */
export type GeminiDelivery = VerifiedDelivery;

/** Returns the delivery that the guard verified. @throws Error on a route without the guard */
export function deliveryOf(request: object): VerifiedDelivery {
  const delivery = requestStateOf(request)?.delivery;
  if (delivery) return delivery;
  throw new Error('@GeminiDelivery() needs GeminiSignatureGuard: put @UseGuards(GeminiSignatureGuard) on the route.');
}

/**
 * Injects the verified delivery on a route with `GeminiSignatureGuard`.
 *
 * @example
 * @Post('hooks/gemini')
 * @UseGuards(GeminiSignatureGuard)
 * receive(@GeminiDelivery() delivery: GeminiDelivery) {
 *   return this.inbox.accept(delivery);
 * }
 */
export const GeminiDelivery = createParamDecorator((_data: unknown, context: ExecutionContext): VerifiedDelivery =>
  deliveryOf(context.switchToHttp().getRequest<object>()),
);
