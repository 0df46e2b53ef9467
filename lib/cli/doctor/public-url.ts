import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { messageOf } from '../../errors.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'public';
const TUNNEL =
  'Give the URL that Google is to use: a deployed app, or a tunnel to this one. For an app under development add --local.';

/** Finds the addresses of a host. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export const resolveByDns: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/** Whether Google could reach it: by https, at an address that is not of a machine or a network of one's own. */
export async function publicUrlCheck(url: URL, isLocal: boolean, resolve = resolveByDns): Promise<Check> {
  if (isLocal) return skipped(NAME, '--local: whether Google could reach it is not looked at');
  if (url.protocol !== 'https:') return failed(NAME, `${url.origin} is not https`, TUNNEL);
  try {
    const addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''));
    const own = addresses.find(isOwn);
    if (own !== undefined) return failed(NAME, `${url.hostname} is ${own}, which Google cannot reach`, TUNNEL);
    return passed(NAME, `${url.origin} is https and at a public address`);
  } catch (error) {
    return failed(NAME, `${url.hostname} has no address: ${messageOf(error)}`, 'Compare the name with the DNS entry.');
  }
}

/** Addresses of RFC 1122, 1918, 3927, 4193, 4291 and 6598. */
const OWN = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  OWN.addSubnet(address, prefix, 'ipv4');
}
OWN.addAddress('::', 'ipv6');
OWN.addAddress('::1', 'ipv6');
OWN.addSubnet('fc00::', 7, 'ipv6');
OWN.addSubnet('fe80::', 10, 'ipv6');

function isOwn(address: string): boolean {
  return OWN.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
