//! The shared table in DynamoDB, through the AWS SDK: `GetItem` and `PutItem`, and no other operation.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use http::StatusCode;
use secrecy::zeroize::Zeroizing;

use crate::aws::{self, SdkAnswer};
use crate::ports::{PutCondition, SharedItem, SharedSlot, SharedTable};
use crate::request::RequestContext;
use crate::settings::Aws;
use crate::upstream::{Http, SendError, Upstream, UpstreamError, UpstreamErrorKind};

/// The table's partition key, a string; it has no sort key.
const KEY: &str = "pk";
const SUBJECT: &str = "subject";
const VALUE: &str = "value";
const VERSION: &str = "version";
const CLAIMED_UNTIL: &str = "claimed_until";
/// The attribute by which DynamoDB deletes items (TTL).
const EXPIRES_AT: &str = "expires_at";

type Attributes = HashMap<String, AttributeValue>;

/// The table with this name or ARN.
pub struct TokenTable {
    client: Client,
    name: Arc<str>,
}

impl TokenTable {
    /// A client of the table.
    #[must_use]
    pub fn new(aws: &Aws, name: &str, http: Http) -> Self {
        Self { client: aws::dynamodb(aws, http), name: name.into() }
    }

    fn output<T>(&self, answer: Result<SdkAnswer<T>, SendError>) -> Result<Result<T, Lost>, UpstreamError> {
        match answer {
            Ok(SdkAnswer { outcome: Ok(output), .. }) => Ok(Ok(output)),
            Ok(SdkAnswer { outcome: Err(code), .. }) if code.as_deref() == Some(aws::CONDITION_FAILED) => Ok(Err(Lost)),
            Ok(SdkAnswer { outcome: Err(code), status, .. }) => Err(self.refusal(code, status)),
            Err(fault) => Err(failed(format!("table `{}`: {fault}", self.name))),
        }
    }

    fn refusal(&self, code: Option<String>, status: StatusCode) -> UpstreamError {
        let table = &self.name;
        let explanation = match code.as_deref() {
            Some("AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException") => {
                format!("allow the function's role dynamodb:GetItem and dynamodb:PutItem on table `{table}`")
            }
            Some("ResourceNotFoundException") => {
                format!("there is no table `{table}`: correct DYNABIND_TOKEN_STORE")
            }
            Some("ValidationException") => {
                format!("table `{table}` cannot be a token store: its only key has to be `{KEY}`, a string")
            }
            _ => format!("table `{table}` does not work (status {})", status.as_u16()),
        };
        UpstreamError { code, ..failed(explanation) }
    }
}

/// The condition of a write did not hold.
struct Lost;

#[async_trait]
impl SharedTable for TokenTable {
    async fn get(&self, context: &RequestContext, key: &str, limit: Duration) -> Result<SharedSlot, UpstreamError> {
        // The read is not consistent, because a consistent read costs twice as much. If an old item was read, the
        // conditional write fails.
        let request = self.client.get_item().table_name(&*self.name).key(KEY, AttributeValue::S(key.to_owned()));
        let request = request.customize().mutate_request(aws::passing_trace(context)).send();
        let answer = aws::send(context, Upstream::TokenStore, "GetStored", limit, request).await;
        let Ok(output) = self.output(answer)? else { return Ok(SharedSlot::Unreadable) };
        Ok(output.item.map_or(SharedSlot::Empty, |attributes| slot_of(attributes, key)))
    }

    async fn put(
        &self,
        context: &RequestContext,
        key: &str,
        item: SharedItem,
        condition: PutCondition,
        limit: Duration,
    ) -> Result<bool, UpstreamError> {
        let request = self.client.put_item().table_name(&*self.name).set_item(Some(attributes_of(key, item)));
        let request = match condition {
            PutCondition::Always => request,
            PutCondition::IfEmpty => request.condition_expression(format!("attribute_not_exists({KEY})")),
            PutCondition::IfVersion(version) => request
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":version", AttributeValue::S(version)),
        };
        let request = request.customize().mutate_request(aws::passing_trace(context)).send();
        let answer = aws::send(context, Upstream::TokenStore, "PutStored", limit, request).await;
        Ok(self.output(answer)?.is_ok())
    }
}

fn attributes_of(key: &str, item: SharedItem) -> Attributes {
    let SharedItem { subject, value, version, claimed_until, expires_at } = item;
    let number = |number: u64| AttributeValue::N(number.to_string());
    let mut attributes = HashMap::from([
        (KEY.to_owned(), AttributeValue::S(key.to_owned())),
        (SUBJECT.to_owned(), AttributeValue::S(subject)),
        (VERSION.to_owned(), AttributeValue::S(version)),
        (EXPIRES_AT.to_owned(), number(expires_at)),
    ]);
    attributes.extend(value.map(|value| (VALUE.to_owned(), AttributeValue::S(value.to_string()))));
    attributes.extend(claimed_until.map(|until| (CLAIMED_UNTIL.to_owned(), number(until))));
    attributes
}

fn slot_of(attributes: Attributes, key: &str) -> SharedSlot {
    read(attributes, key).map_or(SharedSlot::Unreadable, SharedSlot::Item)
}

/// Reads an item; `None` for one of another shape, or of another key.
fn read(mut attributes: Attributes, key: &str) -> Option<SharedItem> {
    let text = |attribute| if let AttributeValue::S(text) = attribute { Some(text) } else { None };
    let number = |attribute: AttributeValue| attribute.as_n().ok()?.parse().ok();
    let mut take = |name: &str| attributes.remove(name);
    let item = SharedItem {
        subject: text(take(SUBJECT)?)?,
        version: text(take(VERSION)?)?,
        expires_at: number(take(EXPIRES_AT)?)?,
        value: match take(VALUE) {
            Some(value) => Some(Zeroizing::new(text(value)?)),
            None => None,
        },
        claimed_until: match take(CLAIMED_UNTIL) {
            Some(until) => Some(number(until)?),
            None => None,
        },
    };
    let is_of_key = take(KEY).and_then(text).is_some_and(|of| of == key);
    (is_of_key && attributes.is_empty()).then_some(item)
}

fn failed(explanation: String) -> UpstreamError {
    UpstreamError::new(Upstream::TokenStore, UpstreamErrorKind::Failed, explanation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> SharedItem {
        SharedItem {
            subject: "s".to_owned(),
            value: Some(Zeroizing::new("{}".to_owned())),
            version: "v".to_owned(),
            claimed_until: Some(7),
            expires_at: 9,
        }
    }

    #[test]
    fn an_item_is_read_as_it_was_written() {
        for item in [item(), SharedItem { value: None, claimed_until: None, ..item() }] {
            assert_eq!(slot_of(attributes_of("k", item.clone()), "k"), SharedSlot::Item(item));
        }
    }

    #[test]
    fn an_item_of_another_shape_or_key_is_unreadable() {
        assert_eq!(slot_of(attributes_of("another", item()), "k"), SharedSlot::Unreadable);
        for (name, value) in [
            (SUBJECT, Some(AttributeValue::N("1".to_owned()))),
            (SUBJECT, None),
            (VERSION, None),
            (VALUE, Some(AttributeValue::Bool(true))),
            (EXPIRES_AT, Some(AttributeValue::S("9".to_owned()))),
            (EXPIRES_AT, Some(AttributeValue::N("-9".to_owned()))),
            (CLAIMED_UNTIL, Some(AttributeValue::N("1e9".to_owned()))),
            ("more", Some(AttributeValue::Null(true))),
        ] {
            let mut attributes = attributes_of("k", item());
            match value {
                Some(value) => drop(attributes.insert(name.to_owned(), value)),
                None => drop(attributes.remove(name)),
            }
            assert_eq!(slot_of(attributes, "k"), SharedSlot::Unreadable, "{name}");
        }
    }
}
