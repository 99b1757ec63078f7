//! What one ticket's customer is told by a bulk: the text that is meant for her, with her own values.

use crate::config::settings::{Mailbox, Settings};
use crate::desk::answer::Draft;
use crate::desk::case::{Case, Staff};
use crate::desk::commands::Command;
use crate::desk::say::answer::{fill, fill_html};
use crate::plan::{BulkText, TicketFacts};

/// What a command says about a canned answer.
#[must_use]
pub fn canned_named(_command: &Command) -> Option<String> {
    None
}

/// The canned answer of that name, as it stands now.
#[must_use]
pub fn canned(_settings: &Settings, _name: String) -> Option<BulkText> {
    None
}

/// A text as it would go to a ticket's customer, and the language that was chosen (empty: there is but one).
///
/// # Errors
/// The variable that says nothing here.
pub fn words(
    case: &Case<'_>,
    mailbox: &Mailbox,
    facts: &TicketFacts,
    by: Option<&Staff<'_>>,
    text: &BulkText,
) -> Result<(Draft, String), String> {
    let (text, html) = match text {
        BulkText::Own { text, html } if is_template(text) => {
            let values = case.fill_for(mailbox, facts, by);
            // What is written across marks of HTML is no variable there; then it goes as text alone.
            let html = html.as_ref().and_then(|h| fill_html(h, &values).ok());
            (fill(text, &values)?, html)
        }
        BulkText::Own { text, html } => (text.clone(), html.clone()),
        BulkText::Canned { name, .. } => return Err(name.clone()),
    };
    let draft =
        Draft { letter: None, sameness: String::new(), text, html, attachments: Vec::new(), commands: Vec::new() };
    Ok((draft, String::new()))
}

fn is_template(text: &str) -> bool {
    text.contains("{{")
}
