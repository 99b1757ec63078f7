//! A canned answer on its way into an answer: filled for a ticket that was found, with a code of its own where it names one.

use super::facts::Facts;
use super::fill::{Unfilled, fill, names};
use super::library::{Canned, NotFound};
use crate::desk::answer::Draft;
use crate::desk::case::{Case, Staff};
use crate::model::{MessageNo, TicketNo};
use crate::plan::Change;

impl Case<'_> {
    /// The canned answer that `typed` stands for, in the language of the ticket's customer. Without a ticket, in the desk's.
    ///
    /// # Errors
    /// None is called so, or several begin so.
    pub fn canned_called(&self, typed: &str, languages: &[String]) -> Result<&Canned, NotFound> {
        let library = self.rules.library;
        let name = library.find(typed)?;
        library.variant(name, languages).ok_or(NotFound::Unknown(None))
    }

    /// Fills `text` for a ticket that was found (`Clues::canned` must have been asked for it). `by`: who answers; `None`: the
    /// mailbox, from the shell. `name`: the canned answer's, which may have codes of its own. A code that the text gives away is
    /// taken for the ticket here; it is spent when [`Case::send_answer`] sends a text that has it, and until then the ticket's
    /// next text gets the same one. Nothing is changed where it fails.
    ///
    /// # Errors
    /// Which variables are unknown, or empty in this ticket.
    pub fn fill_canned(
        &mut self,
        ticket: TicketNo,
        by: Option<&Staff<'_>>,
        name: Option<&str>,
        text: &str,
    ) -> Result<Draft, Unfilled> {
        let facts = self.canned_facts(ticket, by).ok_or_else(|| Unfilled::Empty(vec!["ticket.number".to_owned()]))?;
        self.fill_with(&facts, name, text)
    }

    /// The same with facts at hand; without a ticket no code is taken.
    ///
    /// # Errors
    /// As [`Case::fill_canned`].
    pub fn fill_with(&mut self, facts: &Facts, name: Option<&str>, text: &str) -> Result<Draft, Unfilled> {
        let asks = names(text).is_ok_and(|names| names.contains("code"));
        let Some(ticket) = facts.ticket.filter(|_| asks) else { return fill(text, facts) };
        let held = self.held_codes(ticket).into_iter().next();
        let is_new = held.is_none();
        let code = held.or_else(|| self.next_code(name));
        let draft = fill(text, &Facts { code: code.clone(), ..facts.clone() })?;
        // What it may have been made into (`{{ code | lower }}`) cannot be searched for.
        let without = || fill(text, &Facts { code: None, ..facts.clone() }).ok();
        if let Some(code) =
            code.filter(|_| is_new && without().is_none_or(|w| w.text != draft.text || w.html != draft.html))
        {
            self.change(Change::TakeCode { code, ticket, at: self.now });
        }
        Ok(draft)
    }

    /// Codes that were taken for a ticket and have not left with an answer.
    fn held_codes(&self, ticket: TicketNo) -> Vec<String> {
        let before = self.found.held_codes.get(&ticket).into_iter().flatten();
        let now = self.changes.iter().filter_map(|c| match c {
            Change::TakeCode { code, ticket: of, .. } if *of == ticket => Some(code),
            _ => None,
        });
        let spent =
            |code: &&String| self.changes.iter().any(|c| matches!(c, Change::SpendCode { code: s, .. } if s == *code));
        before.chain(now).filter(|c| !spent(c)).cloned().collect()
    }

    /// The next code that nobody has: of the answer's own file, else of the common one.
    fn next_code(&self, name: Option<&str>) -> Option<String> {
        let codes = &self.found.codes;
        let list = name.and_then(|n| codes.get(n)).or_else(|| codes.get(""))?;
        let taken =
            |code: &&String| self.changes.iter().any(|c| matches!(c, Change::TakeCode { code: t, .. } if t == *code));
        list.iter().find(|c| !taken(c)).cloned()
    }

    /// An answer leaves: the codes in it are the customer's.
    pub fn spend_codes(&mut self, ticket: TicketNo, message: MessageNo, text: &str) {
        for code in self.held_codes(ticket) {
            if text.contains(&code) {
                self.change(Change::SpendCode { code, message });
            }
        }
    }
}
