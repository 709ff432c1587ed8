import { ExportError, type ExportFailure } from '@oc/core/exporter';
import type { ExporterCheck } from '@oc/testkit';
import { soundUdp, type UdpWays } from './sound-udp.ts';
import { isOfOracle, type TransportTwin } from './transport-twin.ts';
import { udpCheck } from './udp-check.ts';

function udp(ways: () => UdpWays): () => ExporterCheck {
  return () => {
    const own = ways();
    return { ...udpCheck, make: (target) => soundUdp(target.udp, own) };
  };
}

/** With each failure of a kind in place of another; or with none, if there is no other. */
function udpFailing(kind: ExportFailure, other?: ExportFailure): () => ExporterCheck {
  return udp(() => ({
    failed: (error, items) => {
      if (error.failure !== kind) return error;
      return other && new ExportError(other, error.message, { items });
    },
  }));
}

/** With items of the oracle in another way. */
function udpItems(
  change: (item: Parameters<NonNullable<UdpWays['items']>>[0][number]) => UdpItems,
): () => ExporterCheck {
  return udp(() => ({ items: (items) => items.flatMap((item) => (isOfOracle(item) ? change(item) : [item])) }));
}
type UdpItems = ReturnType<NonNullable<UdpWays['items']>>;

/** Twins of the rows of UDP. */
export const UDP_TWINS: readonly TransportTwin[] = [
  {
    twin: 'is silent about what a datagram has no room for',
    breaks: ['N10', 'oracle'],
    check: udpFailing('too-large'),
  },
  {
    twin: 'drops what is too large as if it were refused',
    breaks: ['N10', 'oracle'],
    check: udpFailing('too-large', 'rejected'),
  },
  { twin: 'takes no notice of a refusal', breaks: ['N10-refused', 'oracle'], check: udpFailing('unavailable') },
  {
    twin: 'gives up when it is refused',
    breaks: ['N10-refused', 'oracle'],
    check: udpFailing('unavailable', 'rejected'),
  },
  {
    twin: 'replaces a port that makes no sense',
    breaks: ['Q6'],
    check: udp(() => ({
      options: ({ host, port = 1 } = {}) => {
        const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
        return { host: typeof host === 'string' ? host : undefined, port: isPort ? port : undefined };
      },
    })),
  },
  { twin: 'loses some without a word', breaks: ['oracle'], check: udpItems(() => []) },
  { twin: 'sends some twice', breaks: ['oracle'], check: udpItems((item) => [item, item]) },
  { twin: 'makes some up', breaks: ['oracle'], check: udpItems((item) => [item, { ...item, id: `${item.id}0` }]) },
  {
    twin: 'changes what some carry',
    breaks: ['oracle'],
    check: udpItems((item) => [{ ...item, attributes: { ...item.attributes, 'testkit.payload': 'none' } }]),
  },
];
