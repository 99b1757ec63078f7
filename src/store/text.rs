//! How lists and hashes are written in a column.

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::db::{DbError, DbErrorKind, Row};
use crate::model::{Address, Party};

/// The first 8 bytes of a SHA-256, as SQLite's integer.
pub(super) fn head(sha256: &[u8]) -> i64 {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(sha256) {
        *to = *from;
    }
    i64::from_be_bytes(head)
}

/// The `ref.hash` of a Message-ID.
pub(super) fn id_hash(message_id: &str) -> i64 {
    head(digest(&SHA256, message_id.as_bytes()).as_ref())
}

/// The `ref.hash` of a Message-ID together with the sameness of the mail.
pub(super) fn same_hash(message_id: &str, sameness: &str) -> i64 {
    head(digest(&SHA256, format!("{message_id}\0{sameness}").as_bytes()).as_ref())
}

/// A list for `json_each(?n)`.
pub(super) fn list<T: Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    // A list of numbers or texts always can be written.
    serde_json::to_string(items).unwrap_or_default()
}

/// Reads a JSON column.
pub(super) fn read_json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T, DbError> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text).map_err(|e| {
        DbError::new(DbErrorKind::Malformed, &format!("column {at} does not hold the JSON it should: {e}"))
    })
}

/// People for a JSON column: `[[name, address]]`.
pub(super) fn parties(people: &[Party]) -> String {
    list(&people.iter().map(|p| (&p.name, &p.address)).collect::<Vec<_>>())
}

/// Reads what [`parties`] wrote.
pub(super) fn read_parties(row: &Row<'_>, at: usize) -> Result<Vec<Party>, DbError> {
    let written: Vec<(String, String)> = read_json(row, at)?;
    Ok(written.into_iter().filter_map(|(name, a)| Some(Party { name, address: Address::parse(&a)? })).collect())
}

/// A party from two columns, both of them NULL where there is none.
pub(super) fn read_party(row: &Row<'_>, name: usize, address: usize) -> Result<Option<Party>, DbError> {
    let address: Option<Address> = row.get(address)?;
    Ok(match address {
        Some(address) => Some(Party { name: row.get(name)?, address }),
        None => None,
    })
}

/// Any value as JSON text.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| json!(null).to_string())
}
