//! Which span a request belongs to.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The span that Lambda names. If Lambda names none, it is the page's span in the header `traceparent` (W3C Trace
/// Context). Without this header, the result is an invalid span.
#[must_use]
pub fn parent_of(xray: Option<&str>, headers: &HeaderMap) -> SpanContext {
    xray.and_then(of_xray).unwrap_or_else(|| {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
        context.span().span_context().clone()
    })
}

/// Reads `Root=1-SECONDS-REST;Parent=SPAN;Sampled=1`, whose root without its
/// version and dashes is a trace id ("Tracing header" in X-Ray's developer guide).
fn of_xray(header: &str) -> Option<SpanContext> {
    let part = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let trace_id = part("Root")?.strip_prefix("1-")?.replace('-', "");
    let trace_id = TraceId::from_hex(&trace_id).ok().filter(|_| trace_id.len() == 32)?;
    let span_id = SpanId::from_hex(part("Parent")?).ok()?;
    let flags = if part("Sampled") == Some("0") { TraceFlags::NOT_SAMPLED } else { TraceFlags::SAMPLED };
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_parent_is_lambdas_or_the_pages() {
        let xray = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:b";
        let of_xray = ("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8", true);
        let of_page = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true);
        let unsampled = xray.replace("Sampled=1", "Sampled=0");
        for (xray, traceparent, expected) in [
            (Some(xray), Some(PAGE), Some(of_xray)),
            (Some(xray), None, Some(of_xray)),
            (Some(unsampled.as_str()), Some(PAGE), Some((of_xray.0, of_xray.1, false))),
            (None, Some(PAGE), Some(of_page)),
            (Some("Root=1-5759e988-bd862e3fe1be46a994272793"), Some(PAGE), Some(of_page)),
            (Some("Root=1-5759-bd;Parent=53995c3f42cd8ad8"), None, None),
            (Some("Root=1-00000000-000000000000000000000000;Parent=0000000000000000"), None, None),
            (None, Some("00-nothing-of-use-01"), None),
            (None, None, None),
        ] {
            let headers = traceparent.map(|value| (http::HeaderName::from_static("traceparent"), value));
            let headers = headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect();
            let found = parent_of(xray, &headers);
            let ids = (found.trace_id().to_string(), found.span_id().to_string(), found.is_sampled());
            let expected = expected.map(|(trace, span, sampled)| (trace.to_owned(), span.to_owned(), sampled));
            assert_eq!(found.is_valid().then_some(ids), expected, "{xray:?} {traceparent:?}");
        }
    }
}
