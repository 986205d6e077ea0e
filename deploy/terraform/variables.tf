variable "archive" {
  description = "Folder of an unpacked release archive, such as ./dynabind-arm64."
  type        = string
}

variable "bucket" {
  description = "S3 bucket of the same region that gets functions, catalog and template."
  type        = string
}

variable "prefix" {
  description = "Prefix of the objects in the bucket."
  type        = string
  default     = "dynabind"
}

variable "stack_name" {
  description = "Name of the CloudFormation stack."
  type        = string
  default     = "dynabind"
}

variable "issuer" {
  description = "Issuer of the callers' JWTs, exactly as in their \"iss\" claim."
  type        = string
}

variable "audience" {
  description = "Audiences of the callers' JWTs."
  type        = list(string)
}

variable "allowed_origins" {
  description = "Origins of the pages that may call the API."
  type        = list(string)
}

variable "parameters" {
  description = "Any other parameter of the template, by its name."
  type        = map(string)
  default     = {}
}
