import type { Row } from '../row.ts';

/** A row that is listed with the reason why no exporter runs it yet. */
function absent(id: string, title: string, reason: string): Row {
  return { id, title, signals: 'first', applies: () => reason, run: () => Promise.reject(new Error(reason)) };
}

const NIGHTLY = 'it takes minutes: checkNightly has it';
const SPOOL = 'it is about the disk spool';
const PULL = 'it is about exporters that are read from';

/** The rest of the fault list. */
export const ABSENT: readonly Row[] = [
  absent('N8', 'packets lost, late and out of order', NIGHTLY),
  absent('N10', 'a datagram that is too large, an unreachable port', 'no exporter of this kind sends datagrams'),
  absent('N11', 'HTTP/2: GOAWAY, a stream that is reset, a dead connection', 'no exporter of this kind speaks HTTP/2'),
  absent('B13', 'a backend that is ten times slower for minutes', NIGHTLY),
  absent('B14', 'a backend that goes up and down each 5 s', NIGHTLY),
  absent('L5', 'SIGKILL while the spool is written', SPOOL),
  absent('L8', 'a process that is frozen for 10 min', NIGHTLY),
  absent('L13', 'three days with 1 % of faults', NIGHTLY),
  absent('S1', 'the disk is full', SPOOL),
  absent('S2', 'the folder may not be written, or is gone', SPOOL),
  absent('S3', 'a file that is torn, empty or false', SPOOL),
  absent('S4', 'two processes on one folder', SPOOL),
  absent('S5', 'a link, or a file planted by others', SPOOL),
  absent('S6', 'a million files, a clock set back', SPOOL),
  absent('S7', 'files of an older version', SPOOL),
  absent('S8', 'a token that changes meanwhile', SPOOL),
  absent('V9', 'markup in names that a page shows', 'it shows no pages'),
  absent('P1', 'a malformed request line', PULL),
  absent('P2', 'a port that is in use', PULL),
  absent('P3', '100 scrapes at once', PULL),
  absent('P4', 'a reading that throws or never ends', PULL),
  absent('P5', 'a foreign Host header', PULL),
  absent('P6', '200,000 series', PULL),
];
