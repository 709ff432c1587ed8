import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { addressIn, type Host, processOf, tagsOf } from '../src/process.ts';
import { bodyOf, readBody } from './oracle.ts';
import { span } from './samples.ts';

describe('the process', () => {
  const host: Host = { name: 'web-7', ip: '10.0.0.7' };
  const nothing = { serviceName: undefined, tags: {} };

  it('is the service, the machine, and what the resource and the tags say', () => {
    const process = processOf(
      { type: 'container', labels: { 'service.name': 'checkout', zone: 'eu', 'host.name': 'shop' } },
      { serviceName: 'ignored', tags: { zone: 'us', canary: true, slot: 3 } },
      host,
    );
    expect(readBody(bodyOf([span()], process))).toMatchObject({
      serviceName: 'checkout',
      tags: [
        ['hostname', 'STRING', 'web-7'],
        ['ip', 'STRING', '10.0.0.7'],
        ['opencensus.resourcetype', 'STRING', 'container'],
        ['zone', 'STRING', 'us'],
        ['host.name', 'STRING', 'shop'],
        ['canary', 'BOOL', true],
        ['slot', 'LONG', 3],
      ],
    });
  });

  it('of a machine without a network has no ip', () => {
    expect(processOf({ labels: {} }, nothing, { name: 'web-7', ip: undefined })).toStrictEqual({
      serviceName: '',
      tags: { hostname: 'web-7' },
    });
  });

  it('has the address that others may know, of IPv4 if there is one', () => {
    const address = (family: 'IPv4' | 'IPv6', each: string, internal = false): NetworkInterfaceInfo => {
      const common = { address: each, netmask: '', mac: '', internal, cidr: null };
      return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
    };
    const lo = [address('IPv4', '127.0.0.1', true), address('IPv6', '::1', true)];
    const eth0 = [address('IPv6', 'fe80::1'), address('IPv4', '10.0.0.7')];
    expect([{ lo, eth0 }, { lo, eth0: eth0.slice(0, 1) }, { lo, gone: undefined }, {}].map(addressIn)).toEqual([
      '10.0.0.7',
      'fe80::1',
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['unknown_service:node', 'shop', 'shop'],
    ['unknown_service:node', undefined, 'unknown_service:node'],
    ['checkout', 'shop', 'checkout'],
  ])('of a service that core calls %s and JAEGER_SERVICE_NAME %s is %s', (name, serviceName, expected) => {
    const { serviceName: actual } = processOf({ labels: { 'service.name': name } }, { serviceName, tags: {} }, host);
    expect(actual).toBe(expected);
  });

  it.each([
    ['zone=eu', { zone: 'eu' }],
    [' zone = eu , empty=,a=b=c', { zone: 'eu', empty: '', a: 'b=c' }],
    [`path=\${PATH},none=\${OC_NOT_SET},other=\${OC_NOT_SET:a:b}`, { path: process.env.PATH, none: '', other: 'a:b' }],
  ])('has of JAEGER_TAGS "%s" the tags %j', (text, expected) => {
    expect(tagsOf(text)).toEqual(expected);
  });

  it.each(['zone', '=eu', 'a=b,'])('takes no JAEGER_TAGS "%s"', (text) => {
    expect(() => tagsOf(text)).toThrow("must look like 'name=value,name2=value2'");
  });
});
