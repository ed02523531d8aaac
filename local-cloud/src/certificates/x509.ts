// @peculiar/x509 resolves its parts by decorators and fails at load without this.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

export { x509 };
