import { type ExporterCheck, type Lab, type Row, rowsFor, runOracle } from '@oc/testkit';
import { describe, expect, it } from 'vitest';
import { failuresOf } from './failing.ts';
import { grpcCheck } from './grpc-check.ts';
import { GRPC_TWINS } from './grpc-twins.ts';
import { pullCheck } from './pull-check.ts';
import { PULL_TWINS } from './pull-twins.ts';
import type { TransportTwin } from './transport-twin.ts';
import { udpCheck } from './udp-check.ts';
import { UDP_TWINS } from './udp-twins.ts';

// As in twins.test.ts, for the rows that UDP, gRPC and exporters that are read have of their own.

const SEED = 7; // faults of each kind come up

const KINDS: readonly (readonly [string, ExporterCheck, readonly TransportTwin[]])[] = [
  ['UDP', udpCheck, UDP_TWINS],
  ['gRPC', grpcCheck, GRPC_TWINS],
  ['being read', pullCheck, PULL_TWINS],
];

describe.concurrent.each(KINDS)('for %s', (_, check, twins) => {
  const rows = rowsFor(check)
    .filter((row) => row.applies(check) === true)
    .map((row) => (row.id === 'oracle' ? { ...row, run: (lab: Lab) => runOracle(lab, { seed: SEED }) } : row));
  const own = rows.filter(({ transport }) => transport !== undefined);

  it('each row has a twin', () => {
    const named = new Set(twins.flatMap(({ breaks }) => breaks));
    expect(own.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
    expect([...named].filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });

  it.each(twins.map((each, turn) => ({ ...each, turn })))(
    'the suite names what is wrong with an exporter that $twin: $breaks',
    { timeout: 120_000 },
    async ({ twin, breaks, check: made, turn }) => {
      const checked = made();
      const isInProgram = checked.program !== check.program;
      const isMet = ({ id, transport, inChildren = false }: Row): boolean =>
        breaks.includes(id) || (transport !== undefined && inChildren === isInProgram);
      expect(await failuresOf({ breaks }, rows.filter(isMet), turn, checked), twin).toEqual([...breaks].sort());
    },
  );
});
