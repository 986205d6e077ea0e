//! Changes of JSON inputs that keep them JSON. After a random bit flip, most inputs would not be JSON.

use serde_json::{Map, Number, Value};

/// Replacements of a value: the limits of every type, and names with a meaning.
const TEXTS: [&str; 24] = [
    "",
    " ",
    "sub",
    "tenant",
    "contoso",
    "fabrikam",
    "sales",
    "ops",
    "contoso-sales",
    "contoso-plan",
    "fabrikam-sales",
    "view",
    "edit",
    "create",
    "analysts",
    "[analysts]",
    "[\"analysts\"]",
    "{email}",
    "{{",
    "e@x",
    "é\u{0}\u{7f}\n",
    "../x",
    "38f15f36-9584-44ca-ba9a-edb632765765",
    "9B097E30-C25E-4DF7-B8F0-F55C6E5D240E",
];

/// One random change in `json`.
pub fn change(json: &mut Value, random: &mut fastrand::Rng) {
    let donor = any_part(json, random).clone();
    let place = any_place(json, random);
    match random.u8(..8) {
        0 => *place = Value::Null,
        1 => *place = TEXTS[random.usize(..TEXTS.len())].into(),
        2 => *place = number(random),
        3 => *place = Value::Bool(random.bool()),
        4 => *place = donor,
        5 => *place = Value::Array(vec![place.take(), donor]),
        6 => change_text(place, random),
        _ => change_members(place, donor, random),
    }
}

fn number(random: &mut fastrand::Rng) -> Value {
    match random.u8(..4) {
        0 => random.i64(..).into(),
        1 => random.u64(..).into(),
        2 => Number::from_f64(random.f64() * 1e300).map_or(Value::Null, Value::Number),
        _ => random.i64(-2..3).into(),
    }
}

/// Changes a text. JSON in a text is changed as JSON.
fn change_text(place: &mut Value, random: &mut fastrand::Rng) {
    let Value::String(text) = place else { return };
    if let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
        change(&mut inner, random);
        *text = inner.to_string();
        return;
    }
    let at = text.char_indices().map(|(at, _)| at).nth(random.usize(..=text.len())).unwrap_or(text.len());
    match random.u8(..4) {
        0 => text.truncate(at),
        1 => text.insert(at, random.char(..)),
        2 => text.insert_str(at, TEXTS[random.usize(..TEXTS.len())]),
        _ => *text = text.repeat(random.usize(1..200)),
    }
}

/// Adds, removes or renames a member.
fn change_members(place: &mut Value, donor: Value, random: &mut fastrand::Rng) {
    match place {
        Value::Array(items) if random.bool() || items.is_empty() => items.push(donor),
        Value::Array(items) => drop(items.remove(random.usize(..items.len()))),
        Value::Object(fields) => change_fields(fields, donor, random),
        _ => {}
    }
}

fn change_fields(fields: &mut Map<String, Value>, donor: Value, random: &mut fastrand::Rng) {
    let names: Vec<_> = fields.keys().cloned().collect();
    let chosen = if names.is_empty() { None } else { fields.remove(&names[random.usize(..names.len())]) };
    match random.u8(..3) {
        0 => {}
        1 => drop(fields.insert(TEXTS[random.usize(..TEXTS.len())].to_owned(), chosen.unwrap_or(donor))),
        _ => drop(fields.insert(names.first().cloned().unwrap_or_default(), donor)),
    }
}

/// A random value inside, with equal probability for each level.
fn any_part<'j>(json: &'j Value, random: &mut fastrand::Rng) -> &'j Value {
    let children: Vec<&Value> = match json {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    if children.is_empty() || random.u8(..6) == 0 {
        json
    } else {
        any_part(children[random.usize(..children.len())], random)
    }
}

fn any_place<'j>(json: &'j mut Value, random: &mut fastrand::Rng) -> &'j mut Value {
    let count = match json {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if count == 0 || random.u8(..6) == 0 {
        return json;
    }
    let chosen = random.usize(..count);
    let child = match json {
        Value::Array(items) => items.get_mut(chosen),
        Value::Object(fields) => fields.values_mut().nth(chosen),
        _ => None,
    };
    any_place(child.expect("it was counted"), random)
}

/// The changed input, if it is JSON. It may be longer than before.
#[must_use]
pub fn changed(input: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut json: Value = serde_json::from_slice(input).ok()?;
    let mut random = fastrand::Rng::with_seed(seed.into());
    for _ in 0..random.u8(1..4) {
        change(&mut json, &mut random);
    }
    Some(json.to_string().into_bytes())
}
