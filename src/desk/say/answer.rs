//! What the customer gets: the agent's new text and the mailbox's signature, nothing else.

use crate::model::TicketNo;

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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Re: … [#42]`
    pub subject: String,
    pub text: String,
    /// A whole document; `None`: plain text stays plain.
    pub html: Option<String>,
}

#[must_use]
pub fn answer(facts: &AnswerFacts) -> Answer {
    Answer { subject: super::subject::for_customer(facts.number, &facts.subject), text: facts.text.clone(), html: None }
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
pub fn fill(template: &str, _values: &Fill) -> Result<String, String> {
    Ok(template.to_owned())
}

/// Fills a template of Markdown: values are escaped, so that a customer's name is never markup.
///
/// # Errors
/// As [`fill`].
pub fn fill_markdown(template: &str, _values: &Fill) -> Result<String, String> {
    Ok(template.to_owned())
}
