import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partialSuccessIn, refusalIn } from '../src/answer.ts';
import { encoded } from './oracle.ts';

const hex = (digits: string): Uint8Array => Buffer.from(digits, 'hex');
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('a partial success', () => {
  it.each([
    ['nothing', hex(''), { rejected: 0, message: '' }],
    ['an empty one', hex('0a00'), { rejected: 0, message: '' }],
    ['2 rejected, too old', hex('0a0b08021207746f6f206f6c64'), { rejected: 2, message: 'too old' }],
    ['the same of spans in JSON', json({ partialSuccess: { rejectedSpans: '2', errorMessage: 'too old' } }), TOO_OLD()],
    ['of points', json({ partialSuccess: { rejectedDataPoints: 2, errorMessage: 'too old' } }), TOO_OLD()],
    ['an empty one in JSON', json({ partialSuccess: {} }), { rejected: 0, message: '' }],
    ['nothing in JSON', json({}), { rejected: 0, message: '' }],
    ['fewer than none', json({ partialSuccess: { rejectedSpans: -1 } }), { rejected: 0, message: '' }],
  ])('is read: %s', (_, body, expected) => {
    expect(partialSuccessIn(body)).toEqual(expected);
  });

  it('is read as others write it, whatever it says', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'binary' }), (rejected, message) => {
        const spans = { partialSuccess: { rejectedSpans: rejected, errorMessage: message } };
        const points = { partialSuccess: { rejectedDataPoints: rejected, errorMessage: message } };
        expect(partialSuccessIn(encoded('tracesAnswer', spans))).toEqual({ rejected, message });
        expect(partialSuccessIn(encoded('metricsAnswer', points))).toEqual({ rejected, message });
      }),
    );
  });

  it.each([
    ['text', Buffer.from('no JSON at all')],
    ['half of JSON', Buffer.from('{"partialSuccess":{"rejec')],
    ['a number that does not end', hex('0aff')],
    ['a message that does not end', hex('0a0b08')],
    ['field 0', hex('0001')],
    ['a number in place of a message', hex('0805')],
  ])('that cannot be read throws: %s', (_, body) => {
    expect(() => partialSuccessIn(body)).toThrow();
  });

  it('of any bytes is read or throws, and does not hang', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        try {
          const { rejected } = partialSuccessIn(bytes);
          expect(rejected).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

/** A partial success of the protocol's page. */
function TOO_OLD(): object {
  return { rejected: 2, message: 'too old' };
}

const RETRY = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '30s' };

describe('a refusal', () => {
  it.each([
    ['a status', hex('08031203626164'), { message: 'bad', retryAfterMs: undefined }],
    [
      'a status that says when',
      hex(
        '080e1204627573791a300a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270632e5265747279496e666f12' +
          '040a02081e',
      ),
      { message: 'busy', retryAfterMs: 30_000 },
    ],
    ['a status in JSON', json({ code: 3, message: 'bad' }), { message: 'bad', retryAfterMs: undefined }],
    [
      'one that says when in JSON',
      json({ code: 14, message: 'busy', details: [{ '@type': 'x' }, RETRY] }),
      { message: 'busy', retryAfterMs: 30_000 },
    ],
    [
      'with fractions',
      json({ message: 'busy', details: [{ ...RETRY, retryDelay: '1.5s' }] }),
      { message: 'busy', retryAfterMs: 1_500 },
    ],
    ['of another shape', json({ message: 'busy', details: 'none' }), undefined],
    ['JSON of others', json({ error: 'no' }), undefined],
    ['half of JSON', Buffer.from('{"message":'), undefined],
  ])('is read: %s', (_, body, expected) => {
    expect(refusalIn(body)).toEqual(expected);
  });

  it('in plain text says nothing of its own, so that the text is shown', () => {
    expect(refusalIn(Buffer.from('404 page not found'))?.message).toBeUndefined();
  });
});
