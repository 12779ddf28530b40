import type { Misbehaviour } from "../case.ts";
import { bodies } from "./bodies.ts";
import { heads } from "./heads.ts";
import { keptConnections } from "./kept-connections.ts";
import { network } from "./network.ts";
import { silence } from "./silence.ts";
import { tls } from "./tls.ts";

export const misbehaviours: readonly Misbehaviour[] = [
  ...network,
  ...silence,
  ...heads,
  ...bodies,
  ...keptConnections,
  ...tls,
];
