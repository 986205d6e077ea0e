//! The state that all requests of a function share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::measured_reports::MeasuredReports;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::spans::Spans;

/// The state that all requests of a function share.
pub struct HandlerContext {
    pub(super) tenant_claim: String,
    pub(super) groups_claim: String,
    metrics_namespace: String,
    clock: Arc<dyn Clock>,
    served: AtomicBool,
    pub(super) measured_reports: MeasuredReports,
    pub(super) spans: Option<Spans>,
}

impl HandlerContext {
    /// A context with the claim names and the metrics namespace of the settings.
    #[must_use]
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            tenant_claim: settings.tenant_claim.clone(),
            groups_claim: settings.groups_claim.clone(),
            metrics_namespace: settings.metrics_namespace.clone(),
            clock,
            served: AtomicBool::new(false),
            measured_reports: MeasuredReports::default(),
            spans: None,
        }
    }

    /// The same context, but the spans of its requests go to a collector.
    #[must_use]
    pub fn with_spans(self, spans: Option<Spans>) -> Self {
        Self { spans, ..self }
    }

    /// The namespace of the metrics in CloudWatch.
    pub(super) fn metrics_namespace(&self) -> &str {
        &self.metrics_namespace
    }

    /// The wall clock.
    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Whether this is the environment's first request. Only the first call returns true.
    pub(super) fn is_first_request(&self) -> bool {
        !self.served.swap(true, Ordering::Relaxed)
    }
}
