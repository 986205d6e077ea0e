output "api_url" {
  description = "Base URL of the API."
  value       = aws_cloudformation_stack.dynabind.outputs["ApiUrl"]
}

output "secret_arn" {
  description = "Secret that holds the service principal; fill it once."
  value       = aws_cloudformation_stack.dynabind.outputs["SecretArn"]
}

output "outputs" {
  description = "Every output of the stack."
  value       = aws_cloudformation_stack.dynabind.outputs
}
