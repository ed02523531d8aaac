/** The IoT Plug and Play model of this agent, config/models/cavegateway-1.json; announced to the DPS and at connect. */
export const MODEL_ID = "dtmi:cheesecave:CaveGateway;1";
