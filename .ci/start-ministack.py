"""Starts MiniStack with one addition: EventBridge Scheduler's universal target for SQS.

MiniStack 1.5 accepts a schedule whose target is arn:aws:scheduler:::aws-sdk:sqs:sendMessage and, when it is due,
drops it ("unsupported target"). Retries of 60 s and more go by that target, as it alone can carry a MessageGroupId to
a standard queue. Its Input is the SendMessage request:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

import json

from ministack.app import main
from ministack.services import eventbridge, sqs

UNIVERSAL_SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
invoke_known_target = eventbridge._invoke_target


def invoke_target(target, event, rule, view=None):
    if target.get("Arn") == UNIVERSAL_SEND_MESSAGE:
        request = json.loads(target["Input"])
        sqs._act_send_message(request, request["QueueUrl"])
    else:
        invoke_known_target(target, event, rule, view)


eventbridge._invoke_target = invoke_target

if __name__ == "__main__":
    main()
