//! Where spans go.

use reqwest::Url;

use super::vars::Vars;

/// An OpenTelemetry collector, and the service that sends spans to it.
#[derive(Clone, Debug)]
pub struct Collector {
    /// `v1/traces` below `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub traces_url: Url,
    /// `OTEL_SERVICE_NAME`, else the function's name, else `dynabind`.
    pub service_name: String,
    /// `AWS_LAMBDA_FUNCTION_NAME`, which Lambda sets.
    pub function_name: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_VERSION`, which Lambda sets.
    pub function_version: Option<String>,
    /// `AWS_REGION`, which Lambda sets.
    pub region: Option<String>,
}

/// Reads the variables that OpenTelemetry and Lambda define.
pub(super) fn read_collector(vars: &mut Vars<'_>) -> Option<Collector> {
    let mut traces_url = vars.url("OTEL_EXPORTER_OTLP_ENDPOINT", None)?;
    let prefix = traces_url.path().trim_end_matches('/').to_owned();
    traces_url.set_path(&format!("{prefix}/v1/traces"));
    let function_name = vars.value("AWS_LAMBDA_FUNCTION_NAME");
    let service_name = vars.value("OTEL_SERVICE_NAME").or_else(|| function_name.clone());
    Some(Collector {
        traces_url,
        service_name: service_name.unwrap_or_else(|| "dynabind".to_owned()),
        function_name,
        function_version: vars.value("AWS_LAMBDA_FUNCTION_VERSION"),
        region: vars.value("AWS_REGION"),
    })
}
