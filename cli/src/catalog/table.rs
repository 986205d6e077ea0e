//! Reading the whole table, and writing to it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use dynabind::catalog::item::{COPIES, ENTRY, KEY, VERSIONS};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::catalog::LoaderError;
use crate::catalog::item::{Item, Items};
use crate::catalog::plan::Write;
use crate::catalog::progress::Progress;

/// The most items that one `BatchWriteItem` takes.
const BATCH: usize = 25;

/// Batches that are written at the same time.
const CONCURRENT: usize = 8;

/// Parts of the table that are read at the same time.
const SEGMENTS: i32 = 4;

/// How often a batch is sent until all its items are written. The pause between two attempts doubles each time.
const MAX_ROUNDS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

type Attributes = HashMap<String, AttributeValue>;

/// A table that holds a catalog.
pub(crate) struct Table<'c> {
    pub(crate) client: &'c Client,
    pub(crate) name: &'c str,
}

impl Table<'_> {
    /// Every item.
    pub(crate) async fn read(&self) -> Result<Items, LoaderError> {
        let parts = try_join_all((0..SEGMENTS).map(|segment| self.read_part(segment))).await?;
        parts.into_iter().flatten().map(|attributes| self.item_of(attributes)).collect()
    }

    async fn read_part(&self, segment: i32) -> Result<Vec<Attributes>, LoaderError> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(self.name).consistent_read(true);
            let scan = scan.segment(segment).total_segments(SEGMENTS).set_exclusive_start_key(start);
            let page = Box::pin(scan.send()).await.map_err(LoaderError::dynamodb)?;
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    fn item_of(&self, mut attributes: Attributes) -> Result<(dynabind::catalog::item::ItemKey, Item), LoaderError> {
        let mut text = |name: &str| match attributes.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let key = text(KEY).unwrap_or_default();
        let parsed = key.parse();
        let entry = text(ENTRY).unwrap_or_default();
        let versions = text(VERSIONS);
        let item = Item { entry, versions, copies: copies_of(attributes.remove(COPIES)) };
        parsed.map(|parsed| (parsed, item)).map_err(|_| LoaderError::Foreign { table: self.name.to_owned(), key })
    }

    /// Writes all of these, in any order.
    pub(crate) async fn write(&self, writes: &[&Write], title: &'static str) -> Result<(), LoaderError> {
        let mut progress = Progress::new(title, writes.len());
        let batches = stream::iter(writes.chunks(BATCH)).map(|batch| self.write_batch(batch));
        let mut batches = batches.buffer_unordered(CONCURRENT);
        while let Some(written) = batches.try_next().await? {
            progress.add(written);
        }
        Ok(())
    }

    async fn write_batch(&self, batch: &[&Write]) -> Result<usize, LoaderError> {
        let mut requests = batch.iter().map(|write| request_of(write)).collect::<Result<Vec<_>, _>>()?;
        for round in 0..MAX_ROUNDS {
            let request = self.client.batch_write_item().request_items(self.name, requests);
            let answer = Box::pin(request.send()).await.map_err(LoaderError::dynamodb)?;
            requests = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(batch.len());
            }
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(round)).await;
        }
        Err(LoaderError::Unwritten)
    }
}

fn copies_of(attribute: Option<AttributeValue>) -> BTreeMap<String, String> {
    let Some(AttributeValue::M(copies)) = attribute else { return BTreeMap::new() };
    let text = |(key, value)| if let AttributeValue::S(text) = value { Some((key, text)) } else { None };
    copies.into_iter().filter_map(text).collect()
}

fn request_of(write: &Write) -> Result<WriteRequest, LoaderError> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let request = WriteRequest::builder();
    let request = match write {
        Write::Put(key, item) => {
            let put = PutRequest::builder().item(KEY, text(&key.to_string())).item(ENTRY, text(&item.entry));
            let put = item.versions.iter().fold(put, |put, versions| put.item(VERSIONS, text(versions)));
            let copies = item.copies.iter().map(|(key, entry)| (key.clone(), text(entry)));
            let put = if item.copies.is_empty() { put } else { put.item(COPIES, AttributeValue::M(copies.collect())) };
            request.put_request(put.build().map_err(LoaderError::dynamodb)?)
        }
        Write::Delete(key) => {
            let delete = DeleteRequest::builder().key(KEY, text(&key.to_string()));
            request.delete_request(delete.build().map_err(LoaderError::dynamodb)?)
        }
    };
    Ok(request.build())
}
