/** Everything on this machine is an endpoint. */
export const openRules = { allowPrivate: true, ports: [] };
/** As deployed. */
export const closedRules = { allowPrivate: false, ports: [443, 8443] };

export const hello = { headers: { "content-type": "application/json" }, body: '{"id":"1"}' };
