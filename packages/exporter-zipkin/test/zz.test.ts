import { it } from 'vitest';
import { startZipkin } from './zipkin-server.ts';
import protobuf from 'protobufjs';
it('x', async () => {
  const s = await startZipkin();
  const post = async (body: any, type = 'application/json') => { const r = await fetch(`${s.origin}/api/v2/spans`, { method: 'POST', body, headers: { 'content-type': type } }); console.log(typeof body === 'string' ? body.slice(40) : 'proto', r.status, await r.text()); };
  await post('[{"traceId":"7d1f4a52c0b94e63","id":"7d1f4a52c0b94e63","annotations":[{"timestamp":0,"value":"boot"},{"timestamp":2,"value":""}]}]');
  await post('[{"traceId":"7d1f4a52c0b94e64","id":"7d1f4a52c0b94e63","annotations":[{"timestamp":-5,"value":"boot"}]}]');
  await post('[{"traceId":"7d1f4a52c0b94e65","id":"7d1f4a52c0b94e63","timestamp":0,"duration":0}]');
  await post('[{"traceId":"7d1f4a52c0b94e66","id":"7d1f4a52c0b94e63","timestamp":-7,"duration":-5}]');
  await post('[{"traceId":"7d1f4a52c0b94e67","id":"7d1f4a52c0b94e63","tags":{"a":5,"b":"x","":"e","b":"y"}}]');
  await post('[{"traceId":"7d1f4a52c0b94e68","id":"7d1f4a52c0b94e63","name":"","localEndpoint":{"serviceName":"A","ipv4":"1.2.3.4","ipv6":"::ffff:1.2.3.4","port":0}}]');
  await post('[{"traceId":"7d1f4a52c0b94e69","id":"7d1f4a52c0b94e63","remoteEndpoint":{"ipv6":"fe80::1%eth0","port":70000}}]');
  await new Promise((r) => setTimeout(r, 500));
  for (const n of '3456789') { const r = await fetch(`${s.origin}/api/v2/trace/7d1f4a52c0b94e6${n}`); console.log(n, r.status, await r.text()); }
  await s.stop();
});
