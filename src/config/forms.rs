//! Web forms: which sender's mail is one, and what its fields are called.

use std::collections::BTreeMap;

use super::reader::{Reader, Table, Value, items};
use super::values;
use crate::mail::form::{Field, Form};

pub(super) fn form(reader: &Reader<'_>, table: &Table<'_>) -> Option<Form> {
    let from = table.need("from", values::sender_pattern, "\"noreply@shop.example\"");
    let subject = table.opt("subject", values::text);
    let reply_to = table.or("reply_to", values::boolean, false);
    let written = table.table("labels");
    let mut labels: BTreeMap<Field, Vec<String>> = BTreeMap::new();
    for (key, field) in Field::ALL {
        let Some(value) = written.value(key) else { continue };
        let Some(names) = value.read(label) else { continue };
        let same = labels
            .iter()
            .find(|(_, known)| known.iter().any(|k| names.iter().any(|n| n.to_lowercase() == k.to_lowercase())));
        if let Some((other, _)) = same {
            let other = Field::ALL.iter().find(|(_, f)| f == other).map_or("", |(name, _)| *name);
            reader.mistake(&value.place, format!("names the same label as \"{other}\"; write another one"));
        }
        labels.insert(*field, names);
    }
    Some(Form { from: from?, subject, reply_to, labels })
}

/// One label, or a list of them.
fn label(v: &Value<'_>) -> Result<Vec<String>, String> {
    const WRITE: &str = "it as \"Namn\" or [\"Namn\", \"Name\"]";
    if v.str().is_some() {
        return values::text(v).map(|name| vec![name]);
    }
    let names: Vec<String> =
        items(v, WRITE).map_err(|_| v.no("label", WRITE))?.iter().map(values::text).collect::<Result<_, _>>()?;
    if names.is_empty() { Err(format!("is empty; write {WRITE}")) } else { Ok(names) }
}
