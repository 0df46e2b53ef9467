const HTTP = ['global guard http', 'global interceptor http'];

/**
 * Report of the hosts' app. Global enhancers run for requests, including our route, and never for a handler; those
 * on the handler's class and method run for the event.
 */
export function expectedReport({ parsesBodies }: { parsesBodies: boolean }): object {
  return {
    path: '/api/gemini/webhooks',
    v1: processed('handler batch.succeeded hmac one'),
    v1OnRawBytes: processed('handler batch.succeeded hmac batch_two é'),
    v1ByTheTestingEntryPoint: processed('handler batch.succeeded hmac three'),
    v1a: processed('handler video.generated jwks four'),
    jwt: processed('handler interaction.completed jwks five'),
    ofAnotherSecret: { status: 401, said: 'signature_mismatch', ran: ['global guard http'] },
    ofAnotherProject: { status: 403, said: 'unbound_delivery', ran: ['global guard http'] },
    guardedController: processed(
      'class guard gemini_webhook ReportsController report batch.failed',
      'controller batch.failed ReportsController.report',
    ),
    deniedByClassGuard: processed('class guard gemini_webhook ReportsController report batch.expired'),
    failing: { status: 500, said: 'handler_failed', ran: [...HTTP, 'failing handler'] },
    forgivenByMethodFilter: processed('method interceptor gemini_webhook', 'method filter gemini_webhook too far'),
    scopedController: processed(
      'class guard gemini_webhook ScopedController scoped interaction.failed',
      'scoped controller 1 eleven true',
    ),
    scopedControllerAgain: processed(
      'class guard gemini_webhook ScopedController scoped interaction.failed',
      'scoped controller 2 twelve true',
    ),
    twins: processed('first twin first twin', 'second twin second twin'),
    ...(parsesBodies
      ? {
          otherRoute: { status: 201, said: { type: 'echo', n: 1 }, ran: [...HTTP, 'global pipe echo'] },
          otherRouteThatThrows: { status: 500, ran: [...HTTP, 'global pipe boom', 'global filter http'] },
        }
      : {
          otherRoute: { status: 201, ran: [...HTTP, 'global pipe undefined'] },
          otherRouteThatThrows: { status: 201, ran: [...HTTP, 'global pipe undefined'] },
        }),
  };
}

function processed(...ran: string[]): object {
  return { status: 200, said: 'processed', ran: [...HTTP, ...ran] };
}
