//! The original of a mail that was forwarded as an attachment: exact, where an inline forward has to be guessed.

use std::collections::BTreeSet;

use crate::mail::letter::{Forwarded, Original};
use crate::mail::mime::{self, Part};
use crate::mail::{address, body, words};
use crate::model::Kind;

/// The first attached mail, unless the letter is a report that returns one or a digest of a list.
#[must_use]
pub fn attached(root: &Part<'_>, kind: Kind) -> Option<Original> {
    if kind == Kind::Bounce || root.media_type == "multipart/digest" {
        return None;
    }
    let part = first_message(root)?;
    let mut defects = BTreeSet::new();
    let bytes = part.decoded(&mut defects);
    let inner = mime::parse(&bytes, &mut defects);
    if inner.fields.is_empty() {
        return None;
    }
    let from = inner.fields.first("From").and_then(|v| address::parties(v, 1, &mut defects).list.into_iter().next());
    let subject = inner.fields.first("Subject").map(|s| words::text(s, &mut defects)).unwrap_or_default();
    let date = inner.fields.plain("Date").unwrap_or_default();
    Some(Original {
        from,
        subject,
        sent_at: inner.fields.all("Date").find_map(address::date),
        date,
        text: body::text_of(&inner),
        how: Forwarded::Attached,
    })
}

fn first_message<'p, 'a>(part: &'p Part<'a>) -> Option<&'p Part<'a>> {
    if part.is_message() {
        return Some(part);
    }
    part.children.iter().find_map(first_message)
}
