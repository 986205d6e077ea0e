"""Prints the stack that CloudFormation would create from a SAM template with given parameters, as JSON.

Each line of the standard input is a request: the path of a template, and the parameters of each deployment. The answer is one line:
`{"stacks": [...]}` or `{"error": "..."}`. SAM's own translator makes the resources. This program then evaluates conditions and functions.
A reference to a resource stays as it is. A reference to a resource that these parameters leave out is an error, as in a deployment.
"""

import copy
import json
import logging
import os
import re
import sys
import traceback

from boto3.session import Session
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PSEUDO = {
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "dynabind",
}
NO_VALUE = object()
# A long version number, because a test checks the maximum length of descriptions.
LAYER_VERSION = "arn:aws:lambda:eu-west-1:123456789012:layer:dynabind-catalog:4294967295"


class Stack:
    def __init__(self, template, parameters):
        self.template = template
        self.resources = template["Resources"]
        self.values = dict(PSEUDO)
        for name, parameter in template["Parameters"].items():
            if name not in parameters and "Default" not in parameter:
                sys.exit(f"parameter {name} has no value")
            value = str(parameters.get(name, parameter.get("Default")))
            is_list = parameter["Type"] == "CommaDelimitedList"
            self.values[name] = [item.strip() for item in value.split(",")] if is_list else value

    def is_made(self, name):
        condition = self.resources[name].get("Condition")
        return condition is None or self.condition(condition)

    def condition(self, name):
        return self.evaluate(self.template["Conditions"][name])

    def resources_made(self):
        made = {}
        for name, resource in self.resources.items():
            if self.is_made(name):
                made[name] = self.evaluate({key: value for key, value in resource.items() if key not in ("Condition", "Metadata")})
        return made

    def outputs(self):
        wanted = lambda output: "Condition" not in output or self.condition(output["Condition"])
        return {name: self.evaluate(output["Value"]) for name, output in self.template["Outputs"].items() if wanted(output)}

    def evaluate(self, value):
        if isinstance(value, list):
            items = [self.evaluate(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            function = getattr(self, "fn_" + key.removeprefix("Fn::").lower(), None)
            if function and (key.startswith("Fn::") or key in ("Ref", "Condition")):
                return function(argument)
        fields = {key: self.evaluate(field) for key, field in value.items()}
        return {key: field for key, field in fields.items() if field is not NO_VALUE}

    def fn_ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        self.must_be_made(name)
        if self.resources[name]["Type"] == "AWS::Lambda::LayerVersion":
            return LAYER_VERSION
        return {"Ref": name}

    def fn_getatt(self, argument):
        parts = argument if isinstance(argument, list) else argument.split(".", 1)
        self.must_be_made(parts[0])
        return {"Fn::GetAtt": parts}

    def must_be_made(self, name):
        if name not in self.resources:
            sys.exit(f"there is no {name}")
        if not self.is_made(name):
            sys.exit(f"{name} is referred to and not made")

    def fn_if(self, argument):
        return self.evaluate(argument[1] if self.condition(argument[0]) else argument[2])

    def fn_condition(self, name):
        return self.condition(name)

    def fn_equals(self, argument):
        left, right = self.evaluate(argument)
        return left == right

    def fn_not(self, argument):
        return not self.evaluate(argument[0])

    def fn_and(self, argument):
        return all(self.evaluate(argument))

    def fn_or(self, argument):
        return any(self.evaluate(argument))

    def fn_select(self, argument):
        index, items = self.evaluate(argument)
        return items[int(index)]

    def fn_split(self, argument):
        separator, text = self.evaluate(argument)
        return text.split(separator)

    def fn_join(self, argument):
        separator, items = self.evaluate(argument)
        return separator.join(items)

    def fn_findinmap(self, argument):
        table, first, second = self.evaluate(argument)
        return self.template["Mappings"][table][first][second]

    def fn_sub(self, argument):
        text, variables = argument if isinstance(argument, list) else (argument, {})

        def value(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                found = self.evaluate(variables[name])
            elif "." in name:
                found = self.fn_getatt(name)
            else:
                found = self.fn_ref(name)
            return found if isinstance(found, str) else match.group(0)

        return re.sub(r"\$\{([^}]+)\}", value, text)


def deploy(template, parameters):
    # The translator changes its arguments, and adds its own values to the parameters.
    template, known = copy.deepcopy(template), dict(parameters)
    # Local paths become addresses in S3, as with `sam package`.
    SamTemplateValidator(template, None, region="eu-west-1")._replace_local_codeuri()
    session = Session(region_name="eu-west-1")
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), plugins=[], boto_session=session)
    stack = Stack(translator.translate(sam_template=template, parameter_values=known), parameters)
    return {"Resources": stack.resources_made(), "Outputs": stack.outputs()}


def answer(request):
    try:
        with open(request["template"], encoding="utf-8") as file:
            template = yaml_parse(file.read())
        return {"stacks": [deploy(template, parameters) for parameters in request["sets"]]}
    except SystemExit as exit:
        return {"error": str(exit.code)}
    except Exception:
        return {"error": traceback.format_exc()}


def main():
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
