//! Fills a text with the facts of one ticket: Markdown with `{{ … }}` in, text and HTML of an answer out.
//!
//! A value that is missing is a mark in the rendered text, so that a text may ask for it (`{% if order %}`) and only what would
//! really be left blank refuses.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Value, context};

use super::facts::{Facts, first_name};
use crate::desk::answer::Draft;
use crate::mail::markdown;
use crate::model::one_line;
use crate::wording;

/// Everything that a canned answer may name.
pub const NAMES: &[&str] = &[
    "customer.name",
    "customer.first_name",
    "customer.address",
    "ticket.number",
    "ticket.subject",
    "agent.name",
    "agent.first_name",
    "desk.name",
    "mailbox.address",
    "order",
    "tracking_number",
    "tracking_link",
    "carrier.name",
    "carrier.phone",
    "code",
];

/// Stand around the name of a value that is missing: private characters, which no value keeps.
const OPEN: char = '\u{e000}';
const SHUT: char = '\u{e001}';
/// Stands for the tracking link until it is known whether it is inside of a link already.
const LINK: char = '\u{e002}';

/// Why a text cannot be filled for this ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfilled {
    /// Nobody knows these variables.
    Unknown(Vec<String>),
    /// These have no value in this ticket.
    Empty(Vec<String>),
    /// The template is none; in the template engine's words.
    Broken(String),
}

impl Unfilled {
    /// The variables that are to blame.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        match self {
            Self::Unknown(names) | Self::Empty(names) => names,
            Self::Broken(_) => &[],
        }
    }
}

/// The variables that a text names; what is wrong with it as a template.
///
/// # Errors
/// The line (counted from 1) and the template engine's words.
pub fn names(text: &str) -> Result<BTreeSet<String>, (usize, String)> {
    wording::variables(text)
}

/// The answer that `text` makes for one ticket. No letter, attachment or command belongs to it.
///
/// # Errors
/// Which variables are unknown, or empty in this ticket; nothing is to be sent then.
pub fn fill(text: &str, facts: &Facts) -> Result<Draft, Unfilled> {
    let named = names(text).map_err(|(line, why)| Unfilled::Broken(format!("line {line}: {why}")))?;
    let unknown: Vec<String> = named.into_iter().filter(|n| !NAMES.contains(&n.as_str())).collect();
    if !unknown.is_empty() {
        return Err(Unfilled::Unknown(unknown));
    }
    let link = facts.shipment.as_ref().map(|s| s.link.clone());
    let said = wording::fill(text, values(facts)).map_err(Unfilled::Broken)?;
    let missing = missing(&said);
    if !missing.is_empty() {
        return Err(Unfilled::Empty(missing));
    }
    let rendered = markdown::render(&linked(&said, link.as_deref().unwrap_or_default()));
    if rendered.text.trim().is_empty() {
        return Err(Unfilled::Broken("it says nothing".to_owned()));
    }
    Ok(Draft {
        letter: None,
        sameness: String::new(),
        text: rendered.text.trim_end().to_owned(),
        html: Some(rendered.html),
        attachments: Vec::new(),
        commands: Vec::new(),
    })
}

/// The names that were marked as missing, each once.
fn missing(said: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in said.split(OPEN).skip(1) {
        let name = piece.split(SHUT).next().unwrap_or_default().to_lowercase();
        let name = NAMES.iter().find(|n| **n == name).map_or(name.clone(), |n| (*n).to_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The link where its mark stands: bare it is made a link of, within `[words](…)` or `<…>` it stays as it is.
fn linked(said: &str, link: &str) -> String {
    let mut out = String::with_capacity(said.len() + link.len());
    let mut pieces = said.split(LINK);
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        if out.ends_with(['(', '<']) && piece.starts_with([')', '>']) {
            out.push_str(link);
        } else {
            out.push_str(&format!("<{link}>"));
        }
        out.push_str(piece);
    }
    out
}

fn values(facts: &Facts) -> Value {
    let customer = facts.customer.as_ref();
    // A sender without a name often bears his address as one.
    let name = customer.map(|p| p.name.as_str()).filter(|n| !n.contains('@')).unwrap_or_default();
    let words = |key: &'static str, value: &str| given(key, markdown::escape(&clean(value)));
    let number = |key: &'static str, value: Option<&str>| given(key, identifier(&clean(value.unwrap_or_default())));
    let shipment = facts.shipment.as_ref();
    let ticket = facts.ticket.map(|n| n.to_string());
    context! {
        customer => context! {
            name => words("customer.name", name),
            first_name => words("customer.first_name", &first_name(name)),
            address => words("customer.address", customer.map_or("", |p| p.address.as_str())),
        },
        ticket => context! {
            number => given("ticket.number", ticket.unwrap_or_default()),
            subject => words("ticket.subject", &facts.subject),
        },
        agent => context! {
            name => words("agent.name", &facts.agent_name),
            first_name => words("agent.first_name", &facts.agent_first_name),
        },
        desk => context! { name => words("desk.name", &facts.desk_name) },
        mailbox => context! { address => words("mailbox.address", &facts.mailbox_address) },
        order => number("order", facts.order.as_deref()),
        tracking_number => number("tracking_number", shipment.map(|s| s.number.as_str())),
        tracking_link => given("tracking_link", shipment.map(|_| LINK.to_string()).unwrap_or_default()),
        carrier => context! {
            name => words("carrier.name", shipment.map_or("", |s| s.carrier.as_str())),
            phone => words("carrier.phone", shipment.and_then(|s| s.phone.as_deref()).unwrap_or_default()),
        },
        code => number("code", facts.code.as_deref()),
    }
}

/// A value in one line, without our marks.
fn clean(value: &str) -> String {
    one_line(value).replace([OPEN, SHUT, LINK], "")
}

/// Letters, digits and hyphens between them mean nothing in Markdown, and may stand in `code` as they are.
fn identifier(value: &str) -> String {
    let plain = value.chars().all(|c| c.is_alphanumeric() || c == '-')
        && value.starts_with(char::is_alphanumeric)
        && value.ends_with(char::is_alphanumeric);
    if plain { value.to_owned() } else { markdown::escape(value) }
}

fn given(name: &'static str, value: String) -> Value {
    if value.trim().is_empty() { Value::from_object(Missing(name)) } else { Value::from(value) }
}

/// A value that this ticket does not have: false where it is asked for, its name where it is written.
#[derive(Debug)]
struct Missing(&'static str);

impl Object for Missing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}{SHUT}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Party, TicketNo};

    pub(super) fn facts() -> Facts {
        Facts {
            customer: Some(Party::new("Maja *Svensson*", Address::parse("maja@kund.test").unwrap())),
            ticket: Some(TicketNo(42)),
            subject: "Var är [mitt](https://evil.test) paket?".to_owned(),
            agent_name: "Anna Andersson".to_owned(),
            agent_first_name: "Anna".to_owned(),
            desk_name: "Exempelbutiken".to_owned(),
            mailbox_address: "support@example.test".to_owned(),
            order: Some("SE12-34".to_owned()),
            ..Facts::default()
        }
    }

    #[test]
    fn text_and_html_are_one_source() {
        let check = |template: &str, text: &str, html: &str| {
            let draft = fill(template, &facts()).unwrap();
            assert_eq!(draft.text, text);
            assert_eq!(draft.html.as_deref(), Some(html));
        };
        check(
            "Hej {{ customer.first_name }}!\n\nOrder **{{ order }}**, `{{ order }}`, #{{ ticket.number }}.\n",
            "Hej Maja!\n\nOrder SE12-34, SE12-34, #42.",
            "<p>Hej Maja!</p>\n<p>Order <strong>SE12-34</strong>, <code>SE12-34</code>, #42.</p>",
        );
        check(
            "{{ customer.name }} {{ ticket.subject }}",
            "Maja *Svensson* Var är [mitt](https://evil.test) paket?",
            "<p>Maja *Svensson* Var är [mitt](https://evil.test) paket?</p>",
        );
        check("{% if code %}{{ code }}{% else %}Ingen kod{% endif %}", "Ingen kod", "<p>Ingen kod</p>");
        check("{{ code or order }}", "SE12-34", "<p>SE12-34</p>");
    }

    #[test]
    fn the_tracking_link_is_a_link_wherever_it_stands() {
        let mut facts = facts();
        facts.shipment = Some(crate::mail::shipment::Shipment {
            carrier: "PostNord".to_owned(),
            number: "RR123456785SE".to_owned(),
            link: "https://tracking.example/?id=RR123456785SE".to_owned(),
            phone: Some("0771-33 33 10".to_owned()),
            how: "",
        });
        let check = |template: &str, text: &str| {
            let draft = fill(template, &facts).unwrap();
            assert_eq!(draft.text, text);
            assert_eq!(draft.html.unwrap().matches("href=\"https://tracking.example/?id=RR123456785SE\"").count(), 1);
        };
        check("Följ det: {{ tracking_link }}.", "Följ det: https://tracking.example/?id=RR123456785SE.");
        check("<{{ tracking_link }}>", "https://tracking.example/?id=RR123456785SE");
        check(
            "[Följ {{ tracking_number }} hos {{ carrier.name }}]({{ tracking_link }}), tel. {{ carrier.phone }}",
            "Följ RR123456785SE hos PostNord <https://tracking.example/?id=RR123456785SE>, tel. 0771-33 33 10",
        );
    }

    #[test]
    fn what_has_no_value_refuses() {
        let check = |template: &str, expect: Unfilled| assert_eq!(fill(template, &facts()).unwrap_err(), expect);
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        check("{{ code }} {{ tracking_link }} {{ code }}", Unfilled::Empty(names(&["code", "tracking_link"])));
        check("{{ carrier.phone | upper }}", Unfilled::Empty(names(&["carrier.phone"])));
        check("{{ customer.phone }} {{ shoe }}", Unfilled::Unknown(names(&["customer.phone", "shoe"])));
        // Also where it would not be written this time: the next ticket would refuse.
        check("{% if shoe %}x{% endif %}y", Unfilled::Unknown(names(&["shoe"])));
        assert!(matches!(fill("{{ order", &facts()), Err(Unfilled::Broken(why)) if why.starts_with("line 1: ")));
        assert!(matches!(fill(" \n", &facts()), Err(Unfilled::Broken(_))));
        let nameless = Facts {
            customer: Some(Party::new("maja@kund.test", Address::parse("maja@kund.test").unwrap())),
            ..facts()
        };
        assert_eq!(fill("Hej {{ customer.first_name }}", &nameless).unwrap_err().variables(), ["customer.first_name"]);
    }
}
