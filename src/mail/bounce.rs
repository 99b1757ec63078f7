//! Delivery reports.
use crate::mail::letter::Bounce;
use crate::mail::mime::Part;
use crate::model::Party;

#[must_use]
pub fn read(_root: &Part<'_>, _from: Option<&Party>, _subject: &str, _text: &str) -> Option<Bounce> {
    None
}
