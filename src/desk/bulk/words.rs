//! What one ticket's customer is told by a bulk: the text that is meant for her, with her own values.

use minijinja::{Value, context};

use crate::desk::answer::Draft;
use crate::desk::canned::facts::first_name;
use crate::desk::canned::{Canned, Facts, Library, NAMES, Unfilled, names};
use crate::desk::case::{Case, Staff};
use crate::desk::say::escape;
use crate::model::{TicketNo, one_line};
use crate::plan::{BulkText, BulkWords};
use crate::wording;

/// A canned answer with all that it says in each language, as it stands now.
#[must_use]
pub fn kept(library: &Library, name: &str) -> BulkText {
    let variants = library.all().filter(|c| c.name == name);
    let words = |c: &Canned| BulkWords { language: c.language.clone().unwrap_or_default(), text: c.body.clone() };
    BulkText::Canned { name: name.to_owned(), texts: variants.map(words).collect() }
}

/// The same, to be chosen from.
#[must_use]
pub fn library_of(text: &BulkText) -> Library {
    let BulkText::Canned { name, texts } = text else { return Library::default() };
    Library::new(texts.iter().map(|words| Canned {
        name: name.clone(),
        language: Some(words.language.clone()).filter(|l| !l.is_empty()),
        title: String::new(),
        body: words.text.clone(),
    }))
}

/// A text as it would go to a ticket's customer, and the language that was chosen (empty: there is but one). A code that it gives
/// away is taken among the case's changes.
///
/// # Errors
/// Which variables say nothing here.
pub fn words(
    case: &mut Case<'_>,
    ticket: TicketNo,
    by: Option<&Staff<'_>>,
    text: &BulkText,
    library: &Library,
) -> Result<(Draft, String), Unfilled> {
    let none = || Unfilled::Empty(vec!["ticket.number".to_owned()]);
    match text {
        BulkText::Own { text, html } => {
            let (text, html) = if is_template(text) {
                let facts = case.canned_facts(ticket, by).ok_or_else(none)?;
                // What is written across marks of HTML is no variable there; then it goes as text alone.
                let html = html.as_ref().and_then(|h| own(h, &facts, &|value| escape(&one_line(value))).ok());
                (own(text, &facts, &one_line)?, html)
            } else {
                (text.clone(), html.clone())
            };
            let (sameness, attachments, commands) = (String::new(), Vec::new(), Vec::new());
            Ok((Draft { letter: None, sameness, text, html, attachments, commands }, String::new()))
        }
        BulkText::Canned { name, texts } => {
            let facts = case.canned_facts(ticket, by).ok_or_else(none)?;
            let canned = library.variant(name, &facts.languages).ok_or_else(none)?;
            let language = canned.language.clone().filter(|_| texts.len() > 1).unwrap_or_default();
            Ok((case.fill_with(&facts, Some(name), &canned.body)?, language))
        }
    }
}

fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Somebody's own words: the same variables as in a canned answer, and no Markdown.
fn own(text: &str, facts: &Facts, clean: &dyn Fn(&str) -> String) -> Result<String, Unfilled> {
    let named = names(text).map_err(|(line, why)| Unfilled::Broken(format!("line {line}: {why}")))?;
    let unknown: Vec<String> = named.iter().filter(|n| !NAMES.contains(&n.as_str())).cloned().collect();
    if !unknown.is_empty() {
        return Err(Unfilled::Unknown(unknown));
    }
    let empty: Vec<String> = named.into_iter().filter(|n| value(facts, n).trim().is_empty()).collect();
    if !empty.is_empty() {
        return Err(Unfilled::Empty(empty));
    }
    wording::fill(text, values(facts, clean)).map_err(Unfilled::Broken)
}

/// What a variable says of a ticket. Codes are given away by canned answers alone.
fn value(facts: &Facts, name: &str) -> String {
    let shipment = facts.shipment.as_ref();
    let customer = facts.customer.as_ref().map(|p| p.name.as_str()).filter(|n| !n.contains('@')).unwrap_or_default();
    match name {
        "customer.name" => customer.to_owned(),
        "customer.first_name" => first_name(customer),
        "customer.address" => facts.customer.as_ref().map(|p| p.address.to_string()).unwrap_or_default(),
        "ticket.number" => facts.ticket.map(|n| n.to_string()).unwrap_or_default(),
        "ticket.subject" => facts.subject.clone(),
        "agent.name" => facts.agent_name.clone(),
        "agent.first_name" => facts.agent_first_name.clone(),
        "desk.name" => facts.desk_name.clone(),
        "mailbox.address" => facts.mailbox_address.clone(),
        "order" => facts.order.clone().unwrap_or_default(),
        "tracking_number" => shipment.map(|s| s.number.clone()).unwrap_or_default(),
        "tracking_link" => shipment.map(|s| s.link.clone()).unwrap_or_default(),
        "carrier.name" => shipment.map(|s| s.carrier.clone()).unwrap_or_default(),
        "carrier.phone" => shipment.and_then(|s| s.phone.clone()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn values(facts: &Facts, clean: &dyn Fn(&str) -> String) -> Value {
    let of = |name: &str| clean(&value(facts, name));
    context! {
        customer => context! {
            name => of("customer.name"),
            first_name => of("customer.first_name"),
            address => of("customer.address"),
        },
        ticket => context! { number => of("ticket.number"), subject => of("ticket.subject") },
        agent => context! { name => of("agent.name"), first_name => of("agent.first_name") },
        desk => context! { name => of("desk.name") },
        mailbox => context! { address => of("mailbox.address") },
        order => of("order"),
        tracking_number => of("tracking_number"),
        tracking_link => of("tracking_link"),
        carrier => context! { name => of("carrier.name"), phone => of("carrier.phone") },
    }
}
