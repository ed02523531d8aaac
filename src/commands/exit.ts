/** Exit codes of sysexits.h; systemd must not restart after `configuration`. */
export const EXIT = { stopped: 0, usage: 64, fault: 70, configuration: 78 } as const;
