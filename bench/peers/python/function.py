"""The same job as a typical Python function: it uses boto3, MSAL and requests, and keeps its clients between events.

It reads the secret, signs in, makes an embed token, reads the report's metadata, and answers with a config. It checks no
grants, caches no embed tokens and repeats no calls. In Lambda, AWS's runtime client replaces the loop at the end.
"""

import http.client
import json
import os

os.environ.setdefault("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])
os.environ.setdefault("AWS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])

import boto3
import msal
import requests

WORKSPACE = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f"
SCOPE = "https://analysis.windows.net/powerbi/api/.default"
TIMEOUT_SECONDS = 10

secrets = boto3.client("secretsmanager")
session = requests.Session()
power_bi = os.environ["DYNABIND_POWERBI_URL"] + "/v1.0/myorg"
kept = {}


def application():
    if "application" not in kept:
        answer = secrets.get_secret_value(SecretId=os.environ["DYNABIND_SECRET_ID"])
        principal = json.loads(answer["SecretString"])
        kept["application"] = msal.ConfidentialClientApplication(
            principal["clientId"],
            client_credential=principal["clientSecret"],
            authority=f"{os.environ['DYNABIND_ENTRA_URL']}/{principal['tenantId']}",
            instance_discovery=False,
            http_client=session,
        )
    return kept["application"]


def ask(method, path, **arguments):
    access = application().acquire_token_for_client([SCOPE])["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    answer = session.request(method, power_bi + path, headers=headers, timeout=TIMEOUT_SECONDS, **arguments)
    answer.raise_for_status()
    return answer.json()


def handler(event):
    if event.get("body"):
        json.loads(event["body"])
    report = ask("GET", f"/groups/{WORKSPACE}/reports/{WORKSPACE}")
    token = ask(
        "POST",
        "/GenerateToken",
        json={"reports": [{"id": report["id"]}], "datasets": [{"id": report["datasetId"], "xmlaPermissions": "ReadOnly"}]},
    )
    config = {
        "type": "report",
        "tokenType": 1,
        "accessToken": token["token"],
        "embedUrl": report["embedUrl"],
        "id": report["id"],
        "datasetBinding": {"datasetId": report["datasetId"]},
    }
    body = json.dumps({"configs": [config], "tokenId": token["tokenId"], "expiration": token["expiration"]})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


def serve():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        invocation = runtime.getresponse()
        event = json.loads(invocation.read())
        identifier = invocation.headers["lambda-runtime-aws-request-id"]
        answer = json.dumps(handler(event), separators=(",", ":"))
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{identifier}/response", answer)
        runtime.getresponse().read()


serve()
