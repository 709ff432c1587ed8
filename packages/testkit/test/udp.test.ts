import { checkExporter } from '@oc/testkit';
import { udpCheck } from './udp-check.ts';

checkExporter(udpCheck);
