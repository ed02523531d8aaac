/** Exit codes of sysexits.h; systemd must not restart after `configuration`. */
export const EXIT = { stopped: 0, usage: 64, fault: 70, busy: 75, configuration: 78 } as const;
