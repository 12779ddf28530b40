/** What others list for a million deliveries, in dollars, and where that was read. */
export interface OtherSender {
  readonly name: string;
  readonly dollarsPerMillion: number;
  /** What is not in that figure, or what it lacks. */
  readonly note: string;
  readonly source: string;
  readonly readOn: string;
}

export const otherSenders: readonly OtherSender[] = [
  {
    name: "Svix",
    dollarsPerMillion: 100,
    note: "messages beyond the included 50,000, on the plan of $490 a month; retries are not counted",
    source: "https://www.svix.com/pricing/",
    readOn: "2026-09-20",
  },
  {
    name: "Hookdeck Outpost, managed",
    dollarsPerMillion: 10,
    note: "the least that it lists for a million events",
    source: "https://github.com/hookdeck/outpost",
    readOn: "2026-08",
  },
  {
    name: "EventBridge API Destinations",
    dollarsPerMillion: 1.2,
    note: "$1.00 for the event and $0.20 for the call; no signature over the body, no retry after 5 s, no log of attempts",
    source: "https://aws.amazon.com/eventbridge/pricing/",
    readOn: "2026-03",
  },
];
