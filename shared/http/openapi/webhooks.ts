import { scopes } from "../../domain/event.ts";

const header = (name: string, description: string, schema: object) => ({
  ...{ name, in: "header", required: true, description, schema },
});

const headers = [
  header("webhook-id", "The event's id: the same at every endpoint and every attempt.", {
    type: "string",
    pattern: "^[A-Za-z0-9_-]{1,64}$",
  }),
  header("webhook-timestamp", "When this attempt was made, in seconds since 1970.", {
    type: "string",
    pattern: "^[0-9]+$",
  }),
  header(
    "webhook-signature",
    "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several, separated by spaces, while secrets change.",
    { type: "string", pattern: "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$" },
  ),
];

/** What an endpoint receives (https://www.standardwebhooks.com/), by scope. */
export const webhooks = Object.fromEntries(
  scopes.map((scope) => [
    scope,
    {
      post: {
        operationId: `receive_${scope}`,
        tags: ["Events"],
        summary: `An event of the scope ${scope}`,
        description:
          "Verify the signature over the raw body first, answer with a 2xx within ten seconds, and work afterwards.",
        security: [],
        parameters: headers,
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/DeliveredEvent" } } },
        },
        responses: {
          "200": { description: "Any 2xx: delivered." },
          "410": { description: "Never again: the delivery ends, and the endpoint is disabled." },
          "500": { description: "Anything else: tried again after 5 s, 30 s, 1 min and 5 min." },
        },
      },
    },
  ]),
);
