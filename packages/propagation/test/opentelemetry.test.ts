import { CloudPropagator } from '@google-cloud/opentelemetry-cloud-trace-propagator';
import type { SpanContext } from '@oc/core';
import {
  type BaggageEntry,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { TraceState, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { b3, baggage, type Format, google, jaeger, propagator, w3c, xray } from '../src/index.ts';
import { getter, remoteContexts } from './contexts.ts';

// OpenTelemetry's propagators as partners: each must read what the other writes.

type Headers = Record<string, string>;

const RUNS = { numRuns: 500 };
const partners: readonly (readonly [string, Format, TextMapPropagator])[] = [
  ['w3c', w3c(), new W3CTraceContextPropagator()],
  ['b3, single', b3(), new B3Propagator()],
  ['b3, multi', b3({ headers: 'multi' }), new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER })],
  ['google', google(), quietly(() => new CloudPropagator())],
  ['jaeger', jaeger(), new JaegerPropagator()],
  ['xray', xray(), new AWSXRayPropagator()],
];

/** Google's warns of its age whenever one is made. */
function quietly<T>(act: () => T): T {
  const before = process.noDeprecation;
  process.noDeprecation = true;
  try {
    return act();
  } finally {
    process.noDeprecation = before ?? false;
  }
}

function written(by: TextMapPropagator, { traceId, spanId, sampled, traceState }: SpanContext): Headers {
  const headers: Headers = {};
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const state = traceState === undefined ? {} : { traceState: new TraceState(traceState) };
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, ...state });
  by.inject(context, headers, defaultTextMapSetter);
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function read(by: TextMapPropagator, headers: Headers): SpanContext | undefined {
  const found = trace.getSpanContext(by.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
  if (!found || !isSpanContextValid(found)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = found;
  const text = traceState?.serialize();
  return {
    traceId: traceId.toLowerCase(),
    spanId: spanId.toLowerCase(),
    sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
    remote: true,
    ...(text && { traceState: text }),
  };
}

describe.each(partners)('%s', (_, ours, theirs) => {
  it('reads what OpenTelemetry writes', () => {
    fc.assert(
      fc.property(remoteContexts, (context) => {
        expect(ours.decode(getter(written(theirs, context)))).toEqual(context);
      }),
      RUNS,
    );
  });

  it('is read by OpenTelemetry', () => {
    fc.assert(
      fc.property(remoteContexts, (context) => {
        expect(read(theirs, propagator({ formats: [ours] }).inject({}, context))).toEqual(context);
      }),
      RUNS,
    );
  });
});

// Google's takes any options but the very text 0 for sampled.
describe.each(partners.filter(([name]) => name !== 'google'))('%s', (name, ours, theirs) => {
  it('reads the same as OpenTelemetry where something broke a header and both still find a context', () => {
    const cut = fc.record({
      at: fc.nat({ max: 60 }),
      count: fc.nat({ max: 2 }),
      put: fc.string({ unit: fc.constantFrom(...'0fg-:/;=.,'), maxLength: 2 }),
    });
    const headers = fc.tuple(remoteContexts, cut).map(([context, { at, count, put }]) => {
      const pairs = ours
        .encode(context)
        .map(([key, value]) => [key, value.slice(0, at) + put + value.slice(at + count)]);
      return Object.fromEntries(pairs) as Headers;
    });
    fc.assert(
      fc.property(headers, (broken) => {
        const [found, expected] = [ours.decode(getter(broken)), read(theirs, broken)];
        if (found && expected) expect(found).toEqual(expected);
        if (name === 'w3c') expect(found).toEqual(expected);
      }),
      RUNS,
    );
  });
});

it('a tracestate of up to 512 characters is the same to both', () => {
  const key = fc.stringMatching(/^[a-z][_0-9a-z\-*/]{0,20}$/);
  const value = fc.stringMatching(/^[\x21-\x2b\x2d-\x3c\x3e-\x7e]{1,20}$/);
  const states = fc
    .uniqueArray(fc.tuple(key, value), { minLength: 1, maxLength: 12, selector: ([each]) => each })
    .map((members) => members.map((member) => member.join('=')).join());
  fc.assert(
    fc.property(remoteContexts, states, (context, traceState) => {
      const given = { ...context, traceState };
      const theirs = new W3CTraceContextPropagator();
      expect(w3c().decode(getter(written(theirs, given)))).toEqual(given);
      expect(read(theirs, propagator().inject({}, given))).toEqual(given);
    }),
    RUNS,
  );
});

it('baggage is the same to both', () => {
  // What OpenTelemetry does in its own way: it writes parentheses in keys as they are, which the standard does not
  // allow, reads no empty values, and loses a key of this name.
  const key = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/[()]|^__proto__$/.test(text));
  const all = fc.dictionary(key, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), {
    minKeys: 1,
    maxKeys: 10,
  });
  const theirs = new W3CBaggagePropagator();
  fc.assert(
    fc.property(all, (tags) => {
      const entries = Object.entries(tags).map(([name, value]): [string, BaggageEntry] => [name, { value }]);
      const context = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(Object.fromEntries(entries)));
      const headers: Headers = {};
      theirs.inject(context, headers, defaultTextMapSetter);
      expect(baggage().decode(getter(headers))).toEqual(tags);

      const found = theirs.extract(ROOT_CONTEXT, propagator().injectTags({}, tags), defaultTextMapGetter);
      const pairs = propagation.getBaggage(found)?.getAllEntries() ?? [];
      expect(pairs.map(([name, { value }]) => [name, value])).toEqual(Object.entries(tags));
    }),
    RUNS,
  );
});
