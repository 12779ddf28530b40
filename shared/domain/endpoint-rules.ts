/** The usual HTTPS ports. Any other would let an endpoint be aimed at a service that does not speak HTTP. */
export const DEFAULT_ENDPOINT_PORTS: readonly number[] = [443, 8443];

/** What may be an endpoint. Asked at registration and again at each attempt. */
export interface EndpointRules {
  /** Permits http, every port, every name and every address: for a developer's own machine. */
  readonly allowPrivate: boolean;
  readonly ports: readonly number[];
}
