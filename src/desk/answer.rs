//! An agent's answer on its way to the customer: held where anything is doubtful, else written into the outbox.

use crate::config::settings::{Mailbox, Notify};
use crate::desk::case::{Case, Post, Rules, Staff};
use crate::desk::commands;
use crate::desk::guard;
use crate::desk::say::answer::{AnswerFacts, Fill, answer, fill, fill_markdown, names_agent};
use crate::desk::say::colleague::{ColleagueFacts, colleague_answered};
use crate::desk::say::held::{HeldFacts, HeldWhy, held};
use crate::desk::sign::Token;
use crate::desk::tell::{InsidePost, Reply};
use crate::mail::compose::AutoSubmitted;
use crate::model::{
    Address, AskNo, Direction, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, Party, State, TicketNo, Time,
};
use crate::plan::{AttachmentRow, Change, HeldAnswer, KnownAsk, LastAnswer, Matter, NewMessage, TicketFacts, What};

/// An answer before it is a mail.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The letter in which the agent wrote it; `None`: the shell.
    pub letter: Option<LetterNo>,
    pub sameness: String,
    pub text: String,
    pub html: Option<String>,
    pub attachments: Vec<AttachmentRow>,
    /// The command lines above it, as written.
    pub commands: Vec<String>,
}

/// How a mail to a customer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A person's answer.
    Alone,
    /// One of many of the same text: to the customer alone, behind everything else.
    Bulk,
    /// The same, but it answers nothing ("we are looking into it"): an automatic mail, no clock stops.
    BulkWord,
}

/// How an answer looks to the customer.
#[derive(Clone, Debug)]
pub struct Look {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub from: Party,
}

/// What the agent had seen when something was held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The reasons that he was shown before this one, in words.
    pub shown: String,
    /// The ticket's newest answer.
    pub answered: Option<MessageNo>,
    /// The message that he answered.
    pub about: Option<MessageNo>,
}

/// Where the configuration has no signature: the agent's own was cut, and nobody likes an answer from nobody.
const PLAIN_SIGNATURE: &str = "{{ agent.first_name }}\n{{ desk.name }}";
/// A held answer waits this long for its `#send`.
pub const ASK_FOR_S: i64 = 24 * Time::HOUR;

impl Case<'_> {
    fn fill_for(&self, mailbox: &Mailbox, facts: &TicketFacts, by: Option<&Staff<'_>>) -> Fill {
        Fill {
            customer_name: facts.customer_party.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
            ticket_number: Some(facts.number),
            ticket_subject: facts.subject.clone(),
            agent_name: by.map_or_else(|| mailbox.display_name.clone(), |s| s.name.to_owned()),
            desk_name: self.rules.settings.desk.name.clone(),
            mailbox_address: mailbox.address.to_string(),
        }
    }

    #[must_use]
    pub fn look(&self, mailbox: &Mailbox, facts: &TicketFacts, by: Option<&Staff<'_>>, draft: &Draft) -> Look {
        let values = self.fill_for(mailbox, facts, by);
        let written = mailbox.signature.as_deref().or(by.map(|_| PLAIN_SIGNATURE));
        let signature =
            written.filter(|s| by.is_some() || !names_agent(s)).and_then(|s| fill_markdown(s, &values).ok());
        let name = match by {
            Some(_) => fill(&mailbox.sender_name, &values).unwrap_or_else(|_| mailbox.display_name.clone()),
            None => mailbox.display_name.clone(),
        };
        let subject = facts.last_in.as_ref().map_or_else(|| facts.subject.clone(), |l| l.subject.clone());
        let page = answer(&AnswerFacts {
            number: facts.number,
            subject,
            text: draft.text.clone(),
            html: draft.html.clone(),
            signature,
            begins: facts.last_in.is_none() && facts.last_answer.is_none() && facts.answers == 0,
        });
        Look {
            subject: page.subject,
            text: page.text,
            html: page.html,
            from: Party::new(&name, mailbox.address.clone()),
        }
    }

    /// The customer, then the people on Cc who take part; never one of us.
    #[must_use]
    pub fn recipients(&self, facts: &TicketFacts) -> Vec<Party> {
        let mut parties: Vec<Party> = Vec::new();
        for party in facts.customer_party.iter().chain(facts.participants.iter().take(10)) {
            let inside = self.rules.is_ours(&party.address) || self.rules.staff(&party.address).is_some();
            if !inside && !parties.iter().any(|p| p.address == party.address) {
                parties.push(party.clone());
            }
        }
        parties
    }

    /// What of an answer must not reach the customer.
    #[must_use]
    pub fn leak(
        &self,
        facts: &TicketFacts,
        mailbox: &Mailbox,
        by: Option<&Staff<'_>>,
        draft: &Draft,
        data: &[(&str, &[u8])],
    ) -> Option<String> {
        let look = self.look(mailbox, facts, by, draft);
        let names: Vec<&str> = draft.attachments.iter().map(|a| a.name.as_str()).collect();
        let mut texts = vec![look.subject.as_str(), look.text.as_str(), look.from.name.as_str()];
        texts.extend(look.html.as_deref());
        texts.extend(names);
        guard::leak(self.rules.settings, &texts, data)
    }

    /// Sends an answer: a message on the ticket, a mail in the outbox, the ticket assigned and pending.
    /// `None`, and nothing is done: there is nobody to send it to, or the mailbox only watches.
    pub fn send_answer(
        &mut self,
        ticket: TicketNo,
        by: Option<&Staff<'_>>,
        actor: &str,
        draft: &Draft,
    ) -> Option<MessageNo> {
        self.write_answer(ticket, by, actor, draft, Way::Alone).map(|(message, _)| message)
    }

    /// The same, alone or as one of many; message and mail.
    pub fn write_answer(
        &mut self,
        ticket: TicketNo,
        by: Option<&Staff<'_>>,
        actor: &str,
        draft: &Draft,
        way: Way,
    ) -> Option<(MessageNo, ParcelNo)> {
        let facts = self.tickets.get(&ticket).cloned()?;
        let mailbox = self.mailbox(&facts.mailbox)?;
        let look = self.look(mailbox, &facts, by, draft);
        let to = self.recipients(&facts);
        let (customer, copies) = match to.split_first()? {
            (customer, _) if way != Way::Alone => (customer, &[][..]),
            whole => whole,
        };
        let answers = way != Way::BulkWord;
        let no = self.next.take_message();
        let last = facts.last_in.as_ref();
        let in_reply_to = last.and_then(|l| l.message_id.clone());
        let mut references = last.map(|l| l.references.clone()).unwrap_or_default();
        references.extend(in_reply_to.clone());
        let before = self.changes.len();
        let parcel = self.post(
            mailbox,
            Post {
                kind: if way == Way::Alone { ParcelKind::Answer } else { ParcelKind::Bulk },
                ticket: Some(ticket),
                message: Some(no),
                agent: by.map(|s| s.address().clone()),
                ask: None,
                from: look.from.clone(),
                to: vec![customer.clone()],
                cc: copies.to_vec(),
                reply_to: None,
                subject: look.subject.clone(),
                text: look.text.clone(),
                html: look.html,
                in_reply_to,
                references: references.clone(),
                auto: (!answers).then_some(AutoSubmitted::Generated),
                attachments: draft.attachments.clone(),
                not_before: by
                    .filter(|_| way == Way::Alone)
                    .map_or(self.now, |_| self.now.plus(self.rules.settings.desk.undo_s)),
            },
        );
        let parcel = parcel?;
        let message_id = self.rules.key.message_id(self.found.epoch, parcel, mailbox.address.domain());
        references.reverse();
        let message = Change::AddMessage(Box::new(NewMessage {
            no,
            ticket,
            direction: if answers { Direction::Out } else { Direction::Auto },
            kind: if answers { Kind::Person } else { Kind::Auto },
            letter: draft.letter,
            from: Some(look.from),
            to: vec![customer.clone()],
            cc: copies.to_vec(),
            at: self.now,
            sent_at: None,
            subject: look.subject,
            text: look.text,
            new_text: draft.text.clone(),
            message_id: Some(message_id),
            sameness: draft.sameness.clone(),
            references,
            thread_index: None,
            language: None,
            agent: by.map(|s| s.address().clone()),
            counts: answers,
            accepted: false,
            verified: true,
            attachments: draft.attachments.clone(),
            defects: Vec::new(),
        }));
        // The message stands before the mail that carries it.
        self.changes.insert(before, message);
        self.spend_codes(ticket, no, &draft.text);
        let at = self.now;
        if !answers {
            return Some((no, parcel));
        }
        self.touch(ticket, |t| {
            t.last_answer =
                Some(LastAnswer { message: no, at, agent: by.map(|s| s.address().clone()), text: draft.text.clone() });
        });
        if way != Way::Alone {
            // Nobody's ticket becomes the writer's by it: thousands of replies would be hers alone.
            if matches!(facts.state, State::Open | State::Held) {
                self.set_state(ticket, State::Pending, None, actor, What::Pending);
            }
            return Some((no, parcel));
        }
        if facts.assignee.is_none()
            && let Some(by) = by.filter(|s| self.rules.settings.agent_of(s.address()).is_some())
        {
            self.assign(ticket, by.address(), actor);
        }
        if matches!(facts.state, State::Open | State::Held) {
            self.set_state(ticket, State::Pending, None, actor, What::Pending);
        }
        if mailbox.notify == Notify::All {
            self.tell_colleagues(mailbox, &facts, by);
        }
        if let Some(by) = by.filter(|_| self.rules.settings.desk.undo_s > 0) {
            self.offer_to_stop(mailbox, by, &facts, parcel, no);
        }
        Some((no, parcel))
    }

    /// With `notify = "all"`: one line in the notification's own conversation.
    fn tell_colleagues(&mut self, mailbox: &Mailbox, facts: &TicketFacts, by: Option<&Staff<'_>>) {
        let agents = self.rules.settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
        // Who has not been told of the customer's mail need not be told of the answer.
        let untold = |a: &Address| self.found.notices.iter().any(|n| n.ticket == facts.number && n.person == *a);
        let agents = agents.filter(|a| !untold(a.address()));
        for agent in agents.filter(|a| by.is_none_or(|s| s.address() != a.address())) {
            let Some(not_before) = self.told_from(agent, mailbox) else { continue };
            let told = ColleagueFacts {
                number: facts.number,
                subject: facts.subject.clone(),
                by: by.map(|s| s.name.to_owned()),
                at: self.now,
            };
            let page = colleague_answered(&self.inside_voice(), &told);
            let reply = Reply::To(Token::Note { ticket: facts.number }, self.grounds(facts));
            self.inside(
                mailbox,
                &Rules::of_agent(agent),
                page,
                InsidePost {
                    kind: ParcelKind::Report,
                    name: mailbox.display_name.clone(),
                    ticket: Some(facts.number),
                    message: None,
                    ask: None,
                    reply,
                    attachments: Vec::new(),
                    not_before,
                },
            );
        }
    }

    /// Keeps an answer back and shows the agent how it would look.
    pub fn hold_answer(
        &mut self,
        ticket: TicketNo,
        by: &Staff<'_>,
        draft: &Draft,
        why: Vec<HeldWhy>,
        to: Vec<Party>,
        seen: Seen,
    ) {
        let Some(facts) = self.tickets.get(&ticket).cloned() else { return };
        let Some(mailbox) = self.mailbox(&facts.mailbox) else { return };
        let look = self.look(mailbox, &facts, Some(by), draft);
        let expires_at = self.now.plus(ASK_FOR_S);
        let words: Vec<&str> = why.iter().map(why_word).collect();
        let word = format!("{} {}", seen.shown, words.join(" ")).trim_start().to_owned();
        let answered = facts.last_answer.as_ref().map(|a| a.message);
        let ask = self.ask(Some(ticket), by, matter(draft, &to, &word, &Seen { answered, ..seen }));
        let page = held(
            &self.inside_voice(),
            &HeldFacts {
                number: ticket,
                subject: facts.subject.clone(),
                why,
                to,
                text: if draft.text.is_empty() { String::new() } else { look.text },
                attachments: draft.attachments.iter().map(|a| a.name.clone()).collect(),
                commands: draft.commands.clone(),
                expires_at,
            },
        );
        self.event(ticket, &by.actor(), What::Asked, format!("{word}; ask {ask}"));
        self.tell(mailbox, by, page, Some(ticket), Some(ask));
    }

    /// Something waits from now on for this person's `#send`.
    pub fn ask(&mut self, ticket: Option<TicketNo>, of: &Staff<'_>, matter: Matter) -> AskNo {
        let no = self.next.take_ask();
        self.change(Change::NewAsk(KnownAsk {
            no,
            ticket,
            agent: of.address().clone(),
            created_at: self.now,
            expires_at: self.now.plus(ASK_FOR_S),
            settled: None,
            matter,
        }));
        no
    }
}

/// A draft as it is kept while it waits; `to`: the recipients that are shown.
#[must_use]
pub fn matter(draft: &Draft, to: &[Party], why: &str, seen: &Seen) -> Matter {
    let named = commands::named(&draft.commands.join("\n"), &[]);
    Matter::Answer(HeldAnswer {
        letter: draft.letter.map_or(0, |l| l.0),
        text: draft.text.clone(),
        html: draft.html.clone(),
        attachments: draft.attachments.clone(),
        commands: draft.commands.clone(),
        tickets: named.tickets.iter().map(|t| t.0).collect(),
        addresses: named.addresses.iter().map(ToString::to_string).collect(),
        quarantined: named.quarantined.iter().map(|q| q.0).collect(),
        answered: seen.answered.map_or(0, |m| m.0),
        about: seen.about.map_or(0, |m| m.0),
        to: to.iter().map(|p| p.address.to_string()).collect(),
        why: why.to_owned(),
    })
}

/// Why an answer was held, in a word for the record.
const fn why_word(why: &HeldWhy) -> &'static str {
    match why {
        HeldWhy::EndUncertain => "end-uncertain",
        HeldWhy::StaleAddress => "stale-address",
        HeldWhy::OldAddress => "old-address",
        HeldWhy::ColleagueAnswered { .. } => "colleague-answered",
        HeldWhy::CustomerWrote { .. } => "customer-wrote",
        HeldWhy::Leak { .. } => "leak",
        HeldWhy::CommandInText { .. } => "command-in-text",
        HeldWhy::FromNote { .. } => "from-note",
        HeldWhy::BetweenColleagues { .. } => "between-colleagues",
        HeldWhy::TicketChanged { .. } => "ticket-changed",
        HeldWhy::OtherCustomer { .. } => "other-customer",
        HeldWhy::RecipientsChanged => "recipients-changed",
        HeldWhy::Other(_) => "other",
    }
}
