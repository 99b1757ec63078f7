//! Subjects: `[#42]` in front for agents, behind for customers, and never twice.

use crate::model::{TicketNo, one_line};

/// What stands before a subject in a reply or a forward, as the programs of our corner of the world write it.
const PREFIXES: &[&str] = &["re", "sv", "vs", "aw", "ang", "antw", "vl", "ref", "fwd", "fw", "vb"];

/// `[#42] subject`: what every mail about a ticket to an agent is called; never changes. Numbers that stand in the subject
/// itself are left out, so that it names one ticket.
#[must_use]
pub fn for_agent(number: TicketNo, subject: &str) -> String {
    format!("[#{number}] {}", without_numbers(subject)).trim_end().to_owned()
}

/// `Re: subject [#42]`: what a customer gets.
#[must_use]
pub fn for_customer(number: TicketNo, subject: &str) -> String {
    let plain = without_numbers(subject);
    let base = without_prefix(&plain);
    if base.is_empty() { format!("Re: [#{number}]") } else { format!("Re: {base} [#{number}]") }
}

/// `subject [#42]`: what a customer gets who has not written before.
#[must_use]
pub fn first_for_customer(number: TicketNo, subject: &str) -> String {
    format!("{} [#{number}]", without_numbers(subject)).trim_start().to_owned()
}

/// `subject` on one line without `[#n]`.
#[must_use]
pub fn without_numbers(subject: &str) -> String {
    let mut out = String::new();
    let mut rest = subject;
    while let Some(at) = rest.find("[#") {
        let tail = &rest[at + 2..];
        let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && tail[digits..].starts_with(']') {
            out.push_str(&rest[..at]);
            out.push(' ');
            rest = &tail[digits + 1..];
        } else {
            out.push_str(&rest[..at + 2]);
            rest = tail;
        }
    }
    out.push_str(rest);
    one_line(&out)
}

/// `subject` without `Re:` and the like before it.
#[must_use]
pub fn without_prefix(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((word, tail)) = rest.split_once(':') {
        // `Re[2]:` and `SV(3):` count too.
        let word = word.trim_end_matches([']', ')']).trim_end_matches(|c: char| c.is_ascii_digit());
        let word = word.trim_end_matches(['[', '(']).trim().to_lowercase();
        if !PREFIXES.contains(&word.as_str()) {
            break;
        }
        rest = tail.trim();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_ticket_once() {
        let check = |subject: &str, agent: &str, customer: &str| {
            assert_eq!(for_agent(TicketNo(42), subject), agent);
            assert_eq!(for_customer(TicketNo(42), subject), customer);
        };
        check("Var är paketet?", "[#42] Var är paketet?", "Re: Var är paketet? [#42]");
        check("Re: Var är paketet? [#42]", "[#42] Re: Var är paketet?", "Re: Var är paketet? [#42]");
        check("SV: Re: sv: [#42] Hej", "[#42] SV: Re: sv: Hej", "Re: Hej [#42]");
        check("SV: [EXTERN] Hej [#7]", "[#42] SV: [EXTERN] Hej", "Re: [EXTERN] Hej [#42]");
        check("", "[#42]", "Re: [#42]");
        check("Re[2]: SV(3): a: b", "[#42] Re[2]: SV(3): a: b", "Re: a: b [#42]");
        check("[#] [#x] [#1", "[#42] [#] [#x] [#1", "Re: [#] [#x] [#1 [#42]");
        check("a\r\nBcc: x", "[#42] a Bcc: x", "Re: a Bcc: x [#42]");
    }
}
