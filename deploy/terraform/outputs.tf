output "api_url" {
  description = "Base URL of the API."
  value       = aws_cloudformation_stack.dynabind.outputs["ApiUrl"]
}

output "secret_arn" {
  description = "Secret that holds the service principal; fill it once. Null with Credential=federated."
  value       = lookup(aws_cloudformation_stack.dynabind.outputs, "SecretArn", null)
}

output "outputs" {
  description = "Every output of the stack."
  value       = aws_cloudformation_stack.dynabind.outputs
}
