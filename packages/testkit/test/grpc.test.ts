import { checkExporter } from '@oc/testkit';
import { grpcCheck } from './grpc-check.ts';

checkExporter(grpcCheck);
