//! Subjects: `[#42]` in front for agents, behind for customers, and never twice.

use crate::model::TicketNo;

/// `[#42] subject`: what every mail about a ticket to an agent is called; never changes.
#[must_use]
pub fn for_agent(number: TicketNo, subject: &str) -> String {
    format!("[#{number}] {subject}")
}

/// `Re: subject [#42]`: what a customer gets.
#[must_use]
pub fn for_customer(number: TicketNo, subject: &str) -> String {
    format!("Re: {subject} [#{number}]")
}
