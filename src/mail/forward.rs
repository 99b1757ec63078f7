//! Forwarded mails.
use crate::mail::body::Body;
use crate::mail::letter::Original;
use crate::mail::mime::Part;
use crate::model::Kind;

#[must_use]
pub fn attached(_root: &Part<'_>, _body: &Body, _subject: &str, _kind: Kind) -> Option<Original> {
    None
}
