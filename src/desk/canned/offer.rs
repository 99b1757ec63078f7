//! What a notification offers: the canned answers and the answered tickets most like the customer's mail.

use crate::config::settings::{Agent, Mailbox};
use crate::desk::case::Case;
use crate::desk::say::notification::{CannedLine, TicketLine};
use crate::desk::sign::Token;
use crate::desk::tell::News;
use crate::plan::TicketFacts;

/// So many of each are named.
const OFFERED: usize = 3;

impl Case<'_> {
    /// Canned answers for a mail. A tap opens a mail to the address that any answer to this notification goes to, with the line
    /// in it: it proves no more and no less than an answer that is typed.
    #[must_use]
    pub fn canned_for(&self, mailbox: &Mailbox, agent: &Agent, facts: &TicketFacts, news: &News) -> Vec<CannedLine> {
        let library = self.rules.library;
        let own = facts.last_in.as_ref().and_then(|l| l.language.clone());
        let languages: Vec<String> = own.into_iter().chain([mailbox.language.clone()]).collect();
        let to = mailbox.plus_addressing.then(|| {
            let token = Token::Answer { ticket: facts.number };
            let detail = self.rules.key.detail(self.found.epoch, &token, agent.address(), self.grounds(facts));
            mailbox.address.with_detail(&detail)
        });
        let like = library.like(&facts.subject, &news.text, OFFERED);
        let line = |name: &str| {
            let canned = library.variant(name, &languages)?;
            Some(CannedLine { name: canned.name.clone(), title: canned.title.clone(), to: to.clone() })
        };
        like.into_iter().filter_map(line).collect()
    }

    /// Answered tickets that are like the mail, of mailboxes that the agent works in. The customer's own stand elsewhere.
    #[must_use]
    pub fn alike_to(&self, agent: &Agent, facts: &TicketFacts) -> Vec<TicketLine> {
        let shown = |n| n == facts.number || facts.related.contains(&n) || self.found.senders_tickets.contains(&n);
        let sees = |a: &&crate::plan::Alike| agent.mailboxes.contains(&a.mailbox) && !shown(a.number);
        let line = |a: &crate::plan::Alike| TicketLine {
            number: a.number,
            at: a.at,
            state: a.state,
            subject: a.subject.clone(),
        };
        self.found.alike.iter().filter(sees).take(OFFERED).map(line).collect()
    }
}
