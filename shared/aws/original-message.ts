/**
 * The message attribute in which a message that was put back from the dead letters keeps the id that SQS gave it
 * first: SQS makes a new one whenever a message is sent, and work that was begun for a message knows it by its id.
 */
export const ORIGINAL_MESSAGE_ID = "original_message_id";
