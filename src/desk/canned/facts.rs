//! What a canned answer may say of one ticket.

use regex::Regex;

use crate::config::settings::Mailbox;
use crate::desk::case::{Case, Rules, Staff};
use crate::mail::shipment::{self, Shipment};
use crate::model::{Party, TicketNo};
use crate::plan::TicketFacts;

/// What a canned answer may say of one ticket; what is empty refuses the answers that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub customer: Option<Party>,
    /// `None`: it has none yet (`#new`).
    pub ticket: Option<TicketNo>,
    pub subject: String,
    pub agent_name: String,
    pub agent_first_name: String,
    pub desk_name: String,
    pub mailbox_address: String,
    /// The customer's order number.
    pub order: Option<String>,
    /// The newest parcel that the customer names.
    pub shipment: Option<Shipment>,
    /// A discount code that is this ticket's alone.
    pub code: Option<String>,
    /// The languages in which to answer, the best first.
    pub languages: Vec<String>,
}

impl Facts {
    /// Of no ticket: who writes for which mailbox.
    #[must_use]
    pub fn without_ticket(rules: &Rules<'_>, mailbox: &Mailbox, by: Option<&Staff<'_>>) -> Self {
        let desk = &rules.settings.desk;
        Self {
            agent_name: by.map_or(mailbox.display_name.as_str(), |s| s.name).to_owned(),
            agent_first_name: by.map_or_else(|| mailbox.display_name.clone(), |s| first_name(s.name)),
            desk_name: desk.name.clone(),
            mailbox_address: mailbox.address.to_string(),
            languages: vec![mailbox.language.clone(), desk.language.clone()],
            ..Self::default()
        }
    }

    /// Of a ticket in `mailbox`. `by`: who answers; `None` from the shell, where the mailbox's name stands for the agent's.
    /// `written`: the customer's messages on the ticket, the newest first (`Findings::written`). The code is the caller's to take.
    #[must_use]
    pub fn of(
        rules: &Rules<'_>,
        mailbox: &Mailbox,
        ticket: &TicketFacts,
        by: Option<&Staff<'_>>,
        written: &[String],
    ) -> Self {
        let mut facts = Self::without_ticket(rules, mailbox, by);
        facts.languages.splice(..0, ticket.last_in.as_ref().and_then(|l| l.language.clone()));
        let answers = &rules.settings.answers;
        let texts = || std::iter::once(ticket.subject.as_str()).chain(written.iter().map(String::as_str));
        Self {
            customer: ticket.customer_party.clone(),
            ticket: Some(ticket.number),
            subject: ticket.subject.clone(),
            order: answers.order.as_ref().and_then(|pattern| texts().find_map(|t| order(pattern, t))),
            shipment: texts().find_map(|t| shipment::find(t, &answers.carriers).into_iter().next()),
            ..facts
        }
    }
}

impl Case<'_> {
    /// The facts of a ticket that was found; `None`: there is no such ticket, or its mailbox has left the configuration.
    #[must_use]
    pub fn canned_facts(&self, ticket: TicketNo, by: Option<&Staff<'_>>) -> Option<Facts> {
        let facts = self.survivor(ticket)?;
        let mailbox = self.mailbox(&facts.mailbox)?;
        let written = self.found.written.get(&facts.number).map_or(&[][..], Vec::as_slice);
        Some(Facts::of(&self.rules, mailbox, facts, by, written))
    }
}

/// The first order number in a text: the pattern's first group where it has one, else all that it matched.
#[must_use]
pub fn order(pattern: &Regex, text: &str) -> Option<String> {
    let found = pattern.captures(text)?;
    let number = found.get(1).or_else(|| found.get(0))?.as_str().trim();
    (!number.is_empty()).then(|| number.to_owned())
}

/// `Maja` of `Maja Svensson` and of `Svensson, Maja`.
#[must_use]
pub fn first_name(name: &str) -> String {
    let given = match name.split_once(',') {
        Some((_, given)) if !given.trim().is_empty() => given,
        _ => name,
    };
    given.split_whitespace().next().unwrap_or_default().trim_matches(',').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_names() {
        for (name, first) in
            [("Maja Svensson", "Maja"), ("Svensson, Maja Karin", "Maja"), ("Maja", "Maja"), ("", ""), ("Maja,", "Maja")]
        {
            assert_eq!(first_name(name), first);
        }
    }

    #[test]
    fn orders_by_the_pattern() {
        let check = |pattern: &str, text: &str, expect: Option<&str>| {
            assert_eq!(order(&Regex::new(pattern).unwrap(), text).as_deref(), expect, "{text}");
        };
        check(r"\b(?:4|SE)\d{4,8}\b", "Order 412345, tack", Some("412345"));
        check(r"\b(?:4|SE)\d{4,8}\b", "order SE1234", Some("SE1234"));
        check(r"\b(?:4|SE)\d{4,8}\b", "123456", None);
        check(r"(?i)order\s*#?(\d+)", "Min ORDER #77 är borta", Some("77"));
    }
}
