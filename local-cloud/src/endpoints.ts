/** One hub that the DPS hands out, and how to reach both of its sides. */
export interface HubEndpoints {
  name: string;
  /** What a device is assigned to: `localhost:<MQTT port>`. */
  hostName: string;
  /** For service tools. The port in HostName is ours: Azure's packages take none, `cave-fleet` takes it off. */
  connectionString: string;
}

/** What `endpoints.json` in the state folder says about a running local cloud; read by the tools. */
export interface Endpoints {
  version: 1;
  /** Of the process that serves them. */
  pid: number;
  startedAt: string;
  dps: {
    /** `localhost:<MQTT port>`: the agent's `provisioning.host`. */
    host: string;
    idScope: string;
  };
  enrollmentGroups: { enrollmentGroupId: string; certificateFile: string }[];
  /** PEM of the CA that signed the servers' certificates: the agent's `tls.trustedCaFile`. */
  trustedCaFile: string;
  hubs: HubEndpoints[];
}
