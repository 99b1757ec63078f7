//! What the sender wrote this time: the text without the mail it answers and without the signature.

use crate::mail::body::Body;
use crate::mail::letter::{Cut, Original};
use crate::mail::subject::Prefixes;
use crate::model::Party;

/// The line that svar's own mails to agents begin with; whatever stands from it on is ours.
pub const SEPARATOR: &str = "-=-=- svar -=-=-";

/// What is known of the letter besides its text.
#[derive(Debug)]
pub struct Context<'a> {
    pub prefixes: Prefixes,
    pub subject: &'a str,
    /// It has In-Reply-To or References.
    pub is_answer: bool,
    pub from: Option<&'a Party>,
}

/// A text cut in two.
#[derive(Debug, Default)]
pub struct Split {
    pub new_text: String,
    pub new_html: Option<String>,
    pub end_is_certain: bool,
    pub cuts: Vec<Cut>,
    pub original: Option<Original>,
}

/// Finds the new part.
#[must_use]
pub fn split(body: &Body, _context: &Context<'_>) -> Split {
    Split { new_text: body.text.clone(), ..Split::default() }
}
