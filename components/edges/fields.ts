import { url } from "../../model/fields";

// Settings that edges of every kind have.

/** Where the edge is reached. */
export const address = () =>
  url("an http(s) URL, such as http://127.0.0.1:8080")
    .optional()
    .describe(
      "The URL at which the command `maintenance` probes hosts, if DNS does not lead there. Default: `https://<host>`.",
    );

/**
 * Refuses the setting `bypassAddresses` at an edge that can't have it.
 *
 * @param reason how such an edge chooses requests instead.
 */
export const bypassAddressesRefused = (reason: string): Readonly<Record<string, string>> => ({
  bypassAddresses: `only at an edge of the kind traefik: ${reason}, not by the visitor's address`,
});
