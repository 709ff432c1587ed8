import { expect, it } from 'vitest';
import { type Format, formatFor } from '../src/format.ts';

const om = 'application/openmetrics-text';

it.each<[string, string | undefined, Format]>([
  ['nothing', undefined, 'text'],
  ['anything', '*/*', 'text'],
  ['nonsense', ';;q=,,=', 'text'],
  ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  [
    'Prometheus 2.42',
    `${om};version=1.0.0,${om};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
    'openmetrics',
  ],
  [
    'Prometheus 3',
    `${om};version=1.0.0;escaping=allow-utf-8;q=0.5,${om};version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1`,
    'openmetrics',
  ],
  ['OpenMetrics of any version', om, 'openmetrics'],
  ['OpenMetrics in capitals, with blanks', ' Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.5 ', 'openmetrics'],
  ['both alike', `text/plain, ${om}`, 'openmetrics'],
  ['text more gladly', `${om};q=0.4, text/plain;q=0.5`, 'text'],
  ['no OpenMetrics', `${om};q=0`, 'text'],
  ['a version that is to come', `${om};version=2.0.0`, 'text'],
])('a client that takes %s', (_, accept, format) => {
  expect(formatFor(accept)).toBe(format);
});
