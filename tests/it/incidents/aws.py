"""Stands in for the AWS command line. It prints an answer of each operation that docs/operations.md uses, and evaluates
`--query` as the command line does. A query that finds nothing is an error here.

CALLS is a file that gets the arguments of each call. QUERY_ENDS says how a query of Logs Insights ends: the statuses in their
order, separated by commas, or the name of an operation that fails. SHELL_ID is the shell; it is killed if it calls too often.

`aws.py --check FILE...` compares the calls in the files with the model of AWS.
"""

import json
import os
import signal
import sys

TOO_OFTEN = 100
ROWS = [
    [{"field": "tenant", "value": "contoso"}, {"field": "requests", "value": "20"}, {"field": "@ptr", "value": "CmQK"}],
    [{"field": "requests", "value": "3"}, {"field": "cause", "value": ""}, {"field": "@ptr", "value": "CmQL"}],
]
STACK = {
    "StackName": "dynabind",
    "Outputs": [{"OutputKey": "SecretArn", "OutputValue": "arn:secret"}, {"OutputKey": "ApiUrl", "OutputValue": "https://a"}],
    "Parameters": [{"ParameterKey": "Issuer", "ParameterValue": "https://issuer.example.com/"}],
}
DEPLOYMENT = {
    "deploymentId": "d-1",
    "applicationName": "dynabind-application",
    "deploymentGroupName": "dynabind-TokenFunction",
    "status": "InProgress",
    "rollbackInfo": {"rollbackMessage": "an alarm"},
}
TABLE = {
    "BillingModeSummary": {"BillingMode": "PROVISIONED"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 5},
    "OnDemandThroughput": {"MaxReadRequestUnits": 10},
}
ANSWERS = {
    "cloudformation describe-stack-events": {
        "StackEvents": [{"Timestamp": "2026-01-31T07:00:00Z", "LogicalResourceId": "Api", "ResourceStatus": "UPDATE_COMPLETE"}]
    },
    "cloudformation describe-stack-resource": {"StackResourceDetail": {"PhysicalResourceId": "dynabind-token"}},
    "cloudformation describe-stacks": {"Stacks": [STACK]},
    "cloudtrail lookup-events": {
        "Events": [
            {"EventTime": "2026-01-31T07:00:00Z", "Username": "ana", "Resources": [{"ResourceName": "arn:secret"}]},
        ]
    },
    "cloudwatch describe-alarms": {"MetricAlarms": [{"AlarmName": "dynabind-ApiFailures-1", "AlarmDescription": "See …"}]},
    "deploy get-deployment": {"deploymentInfo": DEPLOYMENT},
    "deploy list-deployments": {"deployments": ["d-1", "d-2"]},
    "deploy stop-deployment": {"status": "Succeeded"},
    "dynamodb describe-table": {"Table": TABLE},
    "events describe-connection": {"StateReason": "the secret is wrong"},
    "lambda get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
    "lambda get-alias": {"Name": "live", "FunctionVersion": "7"},
    "lambda get-function-configuration": {"Environment": {"Variables": {"DYNABIND_CATALOG": "dynamodb:catalog"}}},
    "lambda list-provisioned-concurrency-configs": {"ProvisionedConcurrencyConfigs": []},
    "lambda list-versions-by-function": {"Versions": [{"Version": "7", "LastModified": "2026-01-31T07:00:00.000+0000"}]},
    "lambda update-alias": {"Name": "live", "FunctionVersion": "6"},
    "logs create-export-task": {"taskId": "task-1"},
    "logs describe-export-tasks": {"exportTasks": [{"taskId": "task-1", "status": {"code": "COMPLETED"}}]},
    "logs get-query-results": {"status": "Complete", "results": ROWS},
    "logs start-query": {"queryId": "query-1"},
    "secretsmanager list-secret-version-ids": {
        "Versions": [
            {"VersionId": "v2", "VersionStages": ["AWSCURRENT"], "CreatedDate": "2026-01-31T07:00:00Z"},
            # A version without a stage is deprecated, and has no list of stages.
            {"VersionId": "v1", "CreatedDate": "2026-01-01T07:00:00Z"},
        ]
    },
    "secretsmanager put-secret-value": {"VersionId": "v3"},
    "secretsmanager update-secret-version-stage": {"Name": "secret"},
}


def options_of(arguments):
    """The options with their values; an option without a value is a switch."""
    options = {}
    for argument in arguments:
        if argument.startswith("--"):
            values = options[argument[2:]] = []
        else:
            values.append(argument)
    return options


def has_null(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return value is None or any(has_null(one) for one in inner)


def as_text(value):
    """The format of `--output text` for a scalar, a list, or a list of lists."""
    if not isinstance(value, list):
        return f"{value}\n"
    if any(isinstance(one, list) for one in value):
        return "".join(map(as_text, value))
    return "\t".join(map(str, value)) + "\n" if value else ""


def run(arguments):
    import jmespath

    with open(os.environ["CALLS"], "a+", encoding="utf-8") as log:
        log.write(json.dumps(arguments) + "\n")
        log.seek(0)
        calls = [" ".join(json.loads(line)[:2]) for line in log]
    if len(calls) > TOO_OFTEN:
        os.kill(int(os.environ["SHELL_ID"]), signal.SIGKILL)
    call, options = " ".join(arguments[:2]), options_of(arguments[2:])
    ends = os.environ.get("QUERY_ENDS", "Complete")
    if call == ends:
        sys.exit(f"An error occurred when calling {call}")
    statuses = ends.split(",")
    status = statuses[min(calls.count("logs get-query-results"), len(statuses)) - 1]
    found = ANSWERS[call]
    if call == "logs get-query-results":
        found = {"status": status, "results": ROWS if os.environ.get("ROWS", "some") == "some" else []}
    if "query" in options:
        found = jmespath.search(options["query"][0], found)
        if has_null(found):
            sys.exit(f"{options['query'][0]} finds a null: {found}")
    print(as_text(found) if options.get("output") == ["text"] else json.dumps(found) + "\n", end="")


def is_part_of(value, shape):
    """Whether an answer has only fields of the model."""
    if shape.type_name == "structure":
        return all(name in shape.members and is_part_of(one, shape.members[name]) for name, one in value.items())
    return shape.type_name != "list" or all(is_part_of(one, shape.member) for one in value)


def check(files):
    import botocore.session
    from botocore import xform_name

    of_every_command = {"query", "output", "no-paginate"}
    session, models = botocore.session.get_session(), {}
    for line in sorted({line for file in files for line in open(file, encoding="utf-8")}):
        service, command, *rest = json.loads(line)
        service_name = {"deploy": "codedeploy"}.get(service, service)
        model = models.setdefault(service_name, session.get_service_model(service_name))
        names = {xform_name(name, "-"): name for name in model.operation_names}
        operation = model.operation_model(names[command])
        members = {xform_name(name, "-"): name for name in operation.input_shape.members}
        given = set(options_of(rest)) - of_every_command
        missing = {xform_name(name, "-") for name in operation.input_shape.required_members} - given
        if given - set(members) or missing:
            sys.exit(f"{line.strip()}: unknown {given - set(members)}, missing {missing}")
        if not is_part_of(ANSWERS[f"{service} {command}"], operation.output_shape):
            sys.exit(f"{service} {command} has another answer")


if sys.argv[1] == "--check":
    check(sys.argv[2:])
else:
    run(sys.argv[1:])
