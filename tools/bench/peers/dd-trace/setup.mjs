import ddTrace from 'dd-trace';

export const tracer = ddTrace.init({ service: 'bench', plugins: false, startupLogs: false });
