//! What the customer gets: the agent's new text and the mailbox's signature, nothing else.

mod links;

use minijinja::{Value, context};

use crate::mail::markdown;
use crate::model::{TicketNo, one_line};
use crate::wording;

#[derive(Clone, Debug)]
pub struct AnswerFacts {
    pub number: TicketNo,
    /// Of the customer's mail that is answered.
    pub subject: String,
    /// The agent's new text.
    pub text: String,
    /// The agent's new text as cleaned HTML (a fragment), where he wrote HTML.
    pub html: Option<String>,
    /// Markdown, filled in (see `fill`).
    pub signature: Option<String>,
    /// Nobody has written before: the subject is no reply's.
    pub begins: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Re: … [#42]`
    pub subject: String,
    pub text: String,
    /// A whole document; `None`: plain text stays plain.
    pub html: Option<String>,
}

/// What the customer gets. Nothing is added but the signature, and the targets of links to the text part.
#[must_use]
pub fn answer(facts: &AnswerFacts) -> Answer {
    let signature = facts.signature.as_deref().map(markdown::render).filter(|s| !s.text.is_empty());
    let mut text = facts.text.replace("\r\n", "\n").trim_end().to_owned();
    if let Some(html) = &facts.html {
        text = links::with_targets(&text, html);
    }
    text.push('\n');
    if let Some(signature) = &signature {
        text.push_str("\n-- \n");
        text.push_str(&signature.text);
    }
    let html = facts.html.as_ref().map(|html| {
        let signature = signature.map_or_else(String::new, |s| format!("<div>-- <br>\n{}</div>\n", s.html));
        format!(
            "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n<div>{}</div>\n{signature}</body>\n</html>\n",
            html.trim_end()
        )
    });
    let subject = if facts.begins {
        super::subject::first_for_customer(facts.number, &facts.subject)
    } else {
        super::subject::for_customer(facts.number, &facts.subject)
    };
    Answer { subject, text, html }
}

/// What templates of the desk's owner (`sender_name`, signatures, canned answers) may name:
/// `{{ customer.name }} {{ customer.first_name }} {{ ticket.number }} {{ ticket.subject }} {{ agent.name }} {{ agent.first_name }} {{ desk.name }} {{ mailbox.address }}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    pub customer_name: String,
    pub ticket_number: Option<TicketNo>,
    pub ticket_subject: String,
    pub agent_name: String,
    pub desk_name: String,
    pub mailbox_address: String,
}

/// Fills a template of plain text (`sender_name`).
///
/// # Errors
/// What is wrong with the template, in one line: an unknown name, a syntax error, too much work.
pub fn fill(template: &str, values: &Fill) -> Result<String, String> {
    wording::fill(template, values.as_value(&one_line))
}

/// Fills a template of Markdown: values are escaped, so that a customer's name is never markup.
///
/// # Errors
/// As [`fill`].
pub fn fill_markdown(template: &str, values: &Fill) -> Result<String, String> {
    wording::fill(template, values.as_value(&|text| markdown::escape(&one_line(text))))
}

/// Whether a signature names who writes; then it stands under no mail that nobody has written.
#[must_use]
pub fn names_agent(signature: &str) -> bool {
    signature.contains("agent.")
}

impl Fill {
    fn as_value(&self, clean: &dyn Fn(&str) -> String) -> Value {
        let first = |name: &str| name.split_whitespace().next().unwrap_or_default().to_owned();
        context! {
            customer => context! { name => clean(&self.customer_name), first_name => clean(&first(&self.customer_name)) },
            // A template for every ticket is also read where there is none yet.
            ticket => context! {
                number => self.ticket_number.map_or_else(String::new, |n| n.to_string()),
                subject => clean(&self.ticket_subject),
            },
            agent => context! { name => clean(&self.agent_name), first_name => clean(&first(&self.agent_name)) },
            desk => context! { name => clean(&self.desk_name) },
            mailbox => context! { address => clean(&self.mailbox_address) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str, html: Option<&str>, signature: Option<&str>) -> AnswerFacts {
        AnswerFacts {
            begins: false,
            number: TicketNo(42),
            subject: "SV: Hej".to_owned(),
            text: text.to_owned(),
            html: html.map(str::to_owned),
            signature: signature.map(str::to_owned),
        }
    }

    #[test]
    fn plain_stays_plain() {
        let said = answer(&facts("Hej!\r\nJa, på fredag.\n\n", None, Some("Anna\n[Butiken](https://shop.example)")));
        assert_eq!(said.subject, "Re: Hej [#42]");
        assert_eq!(said.text, "Hej!\nJa, på fredag.\n\n-- \nAnna\nButiken <https://shop.example>\n");
        assert_eq!(said.html, None);
        assert_eq!(answer(&facts("Hej!", None, None)).text, "Hej!\n");
        assert_eq!(answer(&facts("Hej!", None, Some("\n"))).text, "Hej!\n");
    }

    #[test]
    fn html_goes_with_a_text_that_says_as_much() {
        let html = "<p>Se <a href=\"https://shop.example/a?b=1&amp;c=2\">frakten</a>.</p>";
        let said = answer(&facts("Se frakten.", Some(html), Some("**Anna**")));
        assert_eq!(said.text, "Se frakten <https://shop.example/a?b=1&c=2>.\n\n-- \nAnna\n");
        let page = said.html.unwrap();
        assert!(page.contains(html) && page.contains("<p><strong>Anna</strong></p>"));
    }

    #[test]
    fn templates_are_filled_and_values_are_no_markup() {
        let values = Fill {
            customer_name: "Kund *Ett*\r\n# [x](https://evil.test)".to_owned(),
            ticket_number: Some(TicketNo(42)),
            agent_name: "Anna Andersson".to_owned(),
            desk_name: "Exempelbutiken".to_owned(),
            ..Fill::default()
        };
        assert_eq!(
            fill("{{ agent.first_name }}, {{ desk.name }} #{{ ticket.number }}", &values).as_deref(),
            Ok("Anna, Exempelbutiken #42")
        );
        let filled = fill_markdown("Hej {{ customer.name }}!", &values).unwrap();
        let rendered = markdown::render(&filled);
        assert_eq!(rendered.text, "Hej Kund *Ett* # [x](https://evil.test)!\n");
        assert!(!rendered.html.contains("<a") && !rendered.html.contains("<em"));
        assert!(fill("{{ agent.phone }}", &values).is_err());
        assert!(fill("{{ nobody }}", &values).is_err());
    }
}
