//! Reading items of the table by their keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use http::StatusCode;

use crate::aws::{self, SdkAnswer};
use crate::catalog::item::{self, ItemKey};
use crate::clock::Clock;
use crate::json::JsonFault;
use crate::request::RequestContext;
use crate::settings::Aws;
use crate::upstream::{Http, RetryBudget, SendError, Upstream, UpstreamError, UpstreamErrorKind};

/// The most keys that one `BatchGetItem` takes.
const MAX_KEYS: usize = 100;

type Attributes = HashMap<String, AttributeValue>;

/// The table, which is read through the AWS SDK. Every read is consistent, so a request sees everything that was
/// written before it began.
pub(super) struct Table {
    client: Client,
    http: Http,
    name: Arc<str>,
    clock: Arc<dyn Clock>,
}

/// An item of the table.
pub(super) struct Record {
    key: ItemKey,
    table: Arc<str>,
    attributes: Attributes,
}

/// The items that a batch has returned so far, and the keys that still have to be read.
#[derive(Default)]
struct Progress {
    wanted: Vec<Attributes>,
    found: Vec<Attributes>,
}

impl Progress {
    /// Adds the answer of a batch. The keys that DynamoDB has not processed are requested again.
    fn note(&mut self, output: BatchGetItemOutput) -> SdkAnswer<()> {
        self.found.extend(output.responses.unwrap_or_default().into_values().flatten());
        let rest = output.unprocessed_keys.unwrap_or_default().into_values().flat_map(|rest| rest.keys);
        self.wanted.extend(rest);
        let status = if self.wanted.is_empty() { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS };
        SdkAnswer::new(status, Ok(()))
    }
}

impl Table {
    pub(super) fn new(aws: &Aws, name: &str, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { client: aws::dynamodb(aws, http.clone()), http, name: name.into(), clock }
    }

    /// The item of a key, if there is one.
    pub(super) async fn get(&self, context: &RequestContext, key: ItemKey) -> Result<Option<Record>, UpstreamError> {
        let attempt = self.http.attempt(context, Upstream::DynamoDb, RetryBudget::Full, self.clock.now());
        let request = || {
            let key = AttributeValue::S(key.to_string());
            let request = self.client.get_item().table_name(&*self.name).key(item::KEY, key).consistent_read(true);
            request.customize().mutate_request(aws::passing_trace(context)).send()
        };
        let answer = attempt.run(|limit| aws::send(context, Upstream::DynamoDb, "GetItem", limit, request())).await;
        let attributes = self.output_of(answer)?.item;
        Ok(attributes.map(|attributes| self.record(key, attributes)))
    }

    /// The items of these keys; a key without an item is left out.
    pub(super) async fn get_all(
        &self,
        context: &RequestContext,
        keys: &[ItemKey],
    ) -> Result<Vec<Record>, UpstreamError> {
        let batches = try_join_all(keys.chunks(MAX_KEYS).map(|keys| self.get_batch(context, keys))).await?;
        batches.into_iter().flatten().map(|attributes| self.identified(attributes)).collect()
    }

    async fn get_batch(&self, context: &RequestContext, keys: &[ItemKey]) -> Result<Vec<Attributes>, UpstreamError> {
        let attempt = self.http.attempt(context, Upstream::DynamoDb, RetryBudget::Full, self.clock.now());
        let wanted = keys.iter().map(|key| [(item::KEY.to_owned(), AttributeValue::S(key.to_string()))].into());
        let progress = Mutex::new(Progress { wanted: wanted.collect(), found: Vec::new() });
        let answer = attempt.run(|limit| self.send_batch(context, &progress, limit)).await;
        self.output_of(answer)?;
        Ok(progress.into_inner().unwrap_or_else(PoisonError::into_inner).found)
    }

    /// Requests the keys that still have to be read. An answer that leaves keys unprocessed is treated as throttling:
    /// the rest is requested after a pause, if there is time.
    async fn send_batch(
        &self,
        context: &RequestContext,
        progress: &Mutex<Progress>,
        limit: Duration,
    ) -> Result<SdkAnswer<()>, SendError> {
        let wanted = std::mem::take(&mut lock(progress).wanted);
        let keys = KeysAndAttributes::builder().set_keys(Some(wanted.clone())).consistent_read(true).build();
        // Building fails only without keys, and a batch has at least one.
        let Ok(keys) = keys else { return Ok(SdkAnswer::new(StatusCode::OK, Ok(()))) };
        let request = self.client.batch_get_item().request_items(&*self.name, keys);
        let request = request.customize().mutate_request(aws::passing_trace(context)).send();
        let result = aws::send(context, Upstream::DynamoDb, "BatchGetItem", limit, request).await;
        let mut progress = lock(progress);
        match result {
            Ok(SdkAnswer { outcome: Ok(output), .. }) => Ok(progress.note(output)),
            other => {
                progress.wanted = wanted;
                other.map(|answer| answer.map(drop))
            }
        }
    }

    fn output_of<T>(&self, answer: Result<SdkAnswer<T>, UpstreamError>) -> Result<T, UpstreamError> {
        let answer = answer?;
        answer.outcome.map_err(|code| self.refusal(code, answer.status))
    }

    fn refusal(&self, code: Option<String>, status: StatusCode) -> UpstreamError {
        let table = &self.name;
        let (kind, remedy) = match code.as_deref() {
            Some("AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException") => (
                UpstreamErrorKind::Refused,
                format!("allow the function's role dynamodb:GetItem and dynamodb:BatchGetItem on table `{table}`"),
            ),
            Some("ResourceNotFoundException") => {
                (UpstreamErrorKind::Failed, format!("there is no table `{table}`: correct DYNABIND_CATALOG"))
            }
            Some("ValidationException") => (
                UpstreamErrorKind::Failed,
                format!("table `{table}` cannot be a catalog: its only key has to be `{}`, a string", item::KEY),
            ),
            _ => (UpstreamErrorKind::Failed, format!("table `{table}` cannot be read (status {})", status.as_u16())),
        };
        UpstreamError { code, ..UpstreamError::new(Upstream::DynamoDb, kind, remedy) }
    }

    fn record(&self, key: ItemKey, attributes: Attributes) -> Record {
        Record { key, table: Arc::clone(&self.name), attributes }
    }

    /// The items of a batch have no fixed order, so each is identified by the key that it contains.
    fn identified(&self, attributes: Attributes) -> Result<Record, UpstreamError> {
        let key = attributes.get(item::KEY).and_then(|value| value.as_s().ok()).and_then(|text| text.parse().ok());
        let key = key.ok_or_else(|| {
            let explanation = format!("table `{}` returned an item whose key is not that of a catalog item", self.name);
            UpstreamError::new(Upstream::DynamoDb, UpstreamErrorKind::Failed, explanation)
        })?;
        Ok(self.record(key, attributes))
    }
}

impl Record {
    pub(super) fn key(&self) -> &ItemKey {
        &self.key
    }

    /// Takes out the texts of an attribute that maps keys to texts. An attribute of another type gives no texts.
    pub(super) fn take_texts(&mut self, attribute: &str) -> HashMap<String, String> {
        let Some(AttributeValue::M(texts)) = self.attributes.remove(attribute) else { return HashMap::new() };
        let text = |(key, value)| if let AttributeValue::S(text) = value { Some((key, text)) } else { None };
        texts.into_iter().filter_map(text).collect()
    }

    /// Reads the text of an attribute.
    pub(super) fn parsed<T>(
        &self,
        attribute: &str,
        parse: impl FnOnce(&str) -> Result<T, Vec<JsonFault>>,
    ) -> Result<T, UpstreamError> {
        let Some(AttributeValue::S(text)) = self.attributes.get(attribute) else {
            return Err(self.broken(&format!("it has no string attribute `{attribute}`")));
        };
        parse(text).map_err(|faults| {
            let show = |fault: JsonFault| format!("{attribute}#{}: {}", fault.pointer, fault.detail);
            self.broken(&faults.into_iter().map(show).collect::<Vec<_>>().join("; "))
        })
    }

    fn broken(&self, detail: &str) -> UpstreamError {
        let explanation = format!("item `{}` of table `{}` is broken: {detail}", self.key, self.table);
        UpstreamError::new(Upstream::DynamoDb, UpstreamErrorKind::Failed, explanation)
    }
}

fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
