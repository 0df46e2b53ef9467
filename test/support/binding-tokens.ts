import { hkdfSync } from 'node:crypto';
import { SignJWT } from 'jose';

/** The secret of every app that `startJobsApp` boots. */
export const BINDING_SECRET = 'a binding secret of the tests';

const AUDIENCE = 'nestjs-gemini-webhooks/binding';

/** Creates a token by hand as an app with this secret or API key mints it, for one job or for any. */
export function bindingTokenOf(
  { kind, job }: { kind?: string; job?: string } = {},
  secret = BINDING_SECRET,
): Promise<string> {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', AUDIENCE, 32));
  return new SignJWT({ reg: 'default', params: {}, kind, job })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);
}
