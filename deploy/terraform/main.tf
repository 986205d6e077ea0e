# Deploys a release archive of Dynabind: uploads the archive's parts, and creates the stack of its template.

terraform {
  required_version = ">= 1.5"
  required_providers {
    archive = { source = "hashicorp/archive", version = ">= 2.4" }
    aws     = { source = "hashicorp/aws", version = ">= 5.40" }
  }
}

locals {
  # The paths in the template, and the key under which each is uploaded.
  parts = {
    "CodeUri: functions/token"    = "functions/token"
    "CodeUri: functions/config"   = "functions/config"
    "CodeUri: functions/datasets" = "functions/datasets"
    "ContentUri: catalog"         = "catalog"
  }
  property = { for text, folder in local.parts : text => split(":", text)[0] }
  uris     = { for text, folder in local.parts : text => "${local.property[text]}: s3://${var.bucket}/${aws_s3_object.part[text].key}" }

  # Each part is on one line of the template, so it is replaced once.
  lines = split("\n", file("${var.archive}/template.yaml"))
  template = join("\n", [
    for line in local.lines : contains(keys(local.parts), trimspace(line)) ? replace(line, trimspace(line), local.uris[trimspace(line)]) : line
  ])
}

data "archive_file" "part" {
  for_each         = local.parts
  type             = "zip"
  source_dir       = "${var.archive}/${each.value}"
  output_path      = "${path.module}/.terraform/dynabind-${basename(each.value)}.zip"
  output_file_mode = "0755"
}

# The key contains the part's checksum, so that the template changes when the part changes.
resource "aws_s3_object" "part" {
  for_each = local.parts
  bucket   = var.bucket
  key      = "${var.prefix}/${basename(each.value)}-${data.archive_file.part[each.key].output_sha256}.zip"
  source   = data.archive_file.part[each.key].output_path
}

# A template of this size is read from S3.
resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${var.prefix}/template-${sha256(local.template)}.yaml"
  content = local.template
}

resource "aws_cloudformation_stack" "dynabind" {
  name         = var.stack_name
  template_url = "https://${var.bucket}.s3.${data.aws_region.current.name}.amazonaws.com/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  parameters = merge(var.parameters, {
    Issuer         = var.issuer
    Audience       = join(",", var.audience)
    AllowedOrigins = join(",", var.allowed_origins)
  })
  depends_on = [aws_s3_object.part]

  timeouts {
    # Three canaries of five minutes, in the worst case in sequence.
    update = "60m"
  }
}

data "aws_region" "current" {}
