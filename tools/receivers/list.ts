import { chromium } from './chromium.ts';
import { collector } from './collector.ts';
import { ddapm } from './ddapm.ts';
import { openMetrics } from './openmetrics.ts';
import { prometheus } from './prometheus.ts';
import { promtool } from './promtool.ts';
import { pushgateway } from './pushgateway.ts';
import type { Installable } from './receiver.ts';
import { statsdExporter } from './statsd-exporter.ts';
import { zipkinServer } from './zipkin.ts';

/** Every receiver that tests use, those that take longest to install first. */
export const RECEIVERS: readonly Installable[] = [
  collector,
  statsdExporter,
  chromium,
  zipkinServer,
  ddapm,
  prometheus,
  promtool,
  openMetrics,
  pushgateway,
];
