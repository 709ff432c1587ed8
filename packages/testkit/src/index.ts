export { type Certificate, certificates, testAuthority } from './certificates.ts';
export { type Outcome, type ProgramOptions, Programs } from './child.ts';
export { ManualClock } from './clock.ts';
export { checkExporter, type ExporterCheck, type Target } from './conformance.ts';
export { goldens } from './goldens.ts';
export { Lab } from './lab.ts';
export { checkNightly } from './nightly.ts';
export { type OracleOptions, runOracle } from './oracle.ts';
export { heldBytes, holding, type SocketState, socketsTo } from './probe.ts';
export { randomFrom } from './random.ts';
export type {
  GrpcReceiver,
  HttpReceiver,
  Item,
  PartVerdict,
  PullReceiver,
  Receiver,
  RequestShape,
  Signal,
  StreamReceiver,
  UdpReceiver,
} from './receiver.ts';
export { type Case, casesOf, type Row, runCase } from './row.ts';
export { nightlyRows } from './rows/nightly.ts';
export { ROWS, rowsFor } from './rows.ts';
export { samples } from './samples.ts';
export { type BlackHole, openBlackHole } from './servers/blackhole.ts';
export {
  ending,
  type GrpcAnswer,
  type GrpcArrival,
  type GrpcBehaviour,
  type GrpcMessage,
  GrpcServer,
} from './servers/grpc.ts';
export {
  type Answer,
  type Arrival,
  answering,
  type Behaviour,
  HttpServer,
  type ReceivedRequest,
  reset,
  silence,
  takeAndReset,
} from './servers/http.ts';
export {
  type Asked,
  type BadLine,
  openBadLine,
  openRelay,
  openTunnels,
  type Relay,
  type Tunnels,
} from './servers/proxy.ts';
export { retryInfo } from './servers/rpc-status.ts';
export { FaultStream } from './servers/stream.ts';
export { type TcpOptions, TcpServer } from './servers/tcp.ts';
export { UdpServer } from './servers/udp.ts';
