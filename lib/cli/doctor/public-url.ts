import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { messageOf } from '../../errors.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'public';
const TUNNEL =
  'Give the URL that Google uses: of a deployed app, or of a tunnel to this one. For an app under development add --local.';

/** Resolves a host name to its addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export const resolveByDns: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/** Checks that Google can reach the URL: https, at a public address. */
export async function publicUrlCheck(url: URL, isLocal: boolean, resolve = resolveByDns): Promise<Check> {
  if (isLocal) return skipped(NAME, '--local: Google need not reach the app');
  if (url.protocol !== 'https:') return failed(NAME, `${url.origin} is not https`, TUNNEL);
  try {
    const addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''));
    const address = addresses.find(isPrivate);
    if (address !== undefined) return failed(NAME, `${url.hostname} is ${address}, which Google cannot reach`, TUNNEL);
    return passed(NAME, `${url.origin} is https and at a public address`);
  } catch (error) {
    return failed(
      NAME,
      `${url.hostname} has no address: ${messageOf(error)}`,
      'Compare the host name with the DNS record.',
    );
  }
}

/** Loopback, private and link-local addresses: RFC 1122, 1918, 3927, 4193, 4291 and 6598. */
const PRIVATE = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(address, prefix, 'ipv4');
}
PRIVATE.addAddress('::', 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
