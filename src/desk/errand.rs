//! What commands ask for besides changing their ticket: a question to a third party, a new matter, attachments, other tickets.

use crate::desk::act::{Act, Refusal};
use crate::desk::answer::Draft;
use crate::desk::case::Staff;
use crate::desk::commands::Command;
use crate::desk::customer::facts_of;
use crate::desk::intake::Incoming;
use crate::desk::say::colleague::files;
use crate::desk::sign::Token;
use crate::desk::tell::{InsidePost, Reply};
use crate::model::{Address, Channel, MessageNo, ParcelKind, Party, Priority, QuarantineNo, State, TicketNo};
use crate::plan::{AttachmentRow, Change, NewTicket, Release, What};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// The text goes to a third party.
    Ask(Address),
    /// The text begins a matter with a customer.
    New(Address, String),
    /// The attachments of the message that is answered come to the agent.
    Files,
    /// These tickets are his.
    Take(Vec<TicketNo>),
    /// These mails leave quarantine.
    Release(Vec<QuarantineNo>),
}

impl Errand {
    /// The errand that a command is, if it is one.
    #[must_use]
    pub fn of(command: &Command) -> Option<Self> {
        Some(match command {
            Command::Ask(to) => Self::Ask(to.clone()),
            Command::New(to, subject) => Self::New(to.clone(), subject.clone()),
            Command::Files => Self::Files,
            Command::Take(tickets) if !tickets.is_empty() => Self::Take(tickets.clone()),
            Command::Release(numbers) => Self::Release(numbers.clone()),
            _ => return None,
        })
    }

    /// To whom the text goes.
    #[must_use]
    pub const fn recipient(&self) -> Option<&Address> {
        match self {
            Self::Ask(to) | Self::New(to, _) => Some(to),
            _ => None,
        }
    }
}

/// Mails with attachments that were too big are made about so big. Some servers take no more.
const MAIL_SIZE_BYTES: i64 = 15_000_000;

impl Incoming<'_> {
    /// Whether an errand can be done at all; asked before anything is.
    pub fn may(&self, staff: &Staff<'_>, ticket: Option<TicketNo>, errand: &Errand) -> Result<(), Refusal> {
        let facts = ticket.and_then(|t| self.case.survivor(t));
        if let Some(to) = errand.recipient()
            && (self.case.rules.is_ours(to) || self.case.rules.staff(to).is_some())
        {
            return Err(Refusal::OurAddress(to.clone()));
        }
        match errand {
            Errand::Ask(to) => {
                let facts = facts.ok_or(Refusal::NoTicket)?;
                let is_customers = crate::desk::thread::takes_part(facts, to);
                if is_customers { Err(Refusal::IsCustomer) } else { Ok(()) }
            }
            Errand::Files if facts.is_none() => Err(Refusal::NoTicket),
            Errand::Take(tickets) => {
                let seen =
                    |t: &&TicketNo| self.case.survivor(**t).is_none_or(|f| !staff.mailboxes.contains(&f.mailbox));
                tickets.iter().find(seen).map_or(Ok(()), |t| Err(Refusal::NoSuchTicket(*t)))
            }
            Errand::Release(numbers) => {
                let aside = &self.case.found.quarantined;
                let hidden = |n: &&QuarantineNo| aside.get(n).is_none_or(|row| !staff.mailboxes.contains(&row.mailbox));
                numbers.iter().find(hidden).map_or(Ok(()), |n| Err(Refusal::NoSuchQuarantine(*n)))
            }
            _ => Ok(()),
        }
    }

    /// Does an errand. `text`: what goes to whom it names; `about`: the message that the agent's mail answers.
    pub fn run(
        &mut self,
        staff: &Staff<'_>,
        ticket: Option<TicketNo>,
        errand: &Errand,
        text: Option<&Draft>,
        about: Option<MessageNo>,
    ) -> Result<(), Refusal> {
        self.may(staff, ticket, errand)?;
        match errand {
            Errand::Ask(to) => {
                let draft = text.ok_or(Refusal::NoText)?;
                self.case.send_question(ticket.ok_or(Refusal::NoTicket)?, staff, draft, to)?;
            }
            Errand::New(to, subject) => {
                let draft = text.ok_or(Refusal::NoText)?;
                self.begin(staff, to, subject, draft)?;
            }
            Errand::Files => self.send_files(staff, ticket.ok_or(Refusal::NoTicket)?, about)?,
            Errand::Take(tickets) => {
                for number in tickets {
                    self.case.act(*number, &Act::Assign(staff.address().clone()), &staff.actor(), Some(staff))?;
                }
            }
            Errand::Release(numbers) => {
                for quarantine in numbers {
                    let (release, at) = (Release::Customer, self.case.now);
                    self.case.change(Change::ReleaseQuarantine {
                        quarantine: *quarantine,
                        release,
                        on_behalf: None,
                        at,
                    });
                }
            }
        }
        Ok(())
    }

    /// We write first: a ticket that waits for its customer and measures no first response.
    fn begin(&mut self, staff: &Staff<'_>, to: &Address, subject: &str, draft: &Draft) -> Result<(), Refusal> {
        let known = self.case.found.customers.get(to).cloned();
        let party = Party::new(known.as_ref().map_or("", |c| c.name.as_str()), to.clone());
        let customer = self.case.customer_at(&party);
        let number = self.case.next.take_ticket();
        let ticket = NewTicket {
            number,
            subject: subject.to_owned(),
            base_subject: crate::mail::subject::base(subject),
            state: State::Pending,
            mailbox: self.mailbox.name.clone(),
            channel: Channel::Mail,
            customer: Some(customer),
            customer_party: Some(party),
            priority: Priority::Normal,
            created_at: self.case.now,
        };
        let facts = facts_of(&ticket, self.case.found.epoch, self.case.now);
        self.case.tickets.insert(number, facts);
        self.case.change(Change::NewTicket(ticket));
        self.case.event(number, &staff.actor(), What::Opened, "we wrote first");
        self.case.send_answer(number, Some(staff), &staff.actor(), draft).ok_or(Refusal::NoAddress)?;
        Ok(())
    }

    /// All attachments of the message, in as many mails as it takes.
    fn send_files(&mut self, staff: &Staff<'_>, ticket: TicketNo, about: Option<MessageNo>) -> Result<(), Refusal> {
        let facts = self.case.survivor(ticket).cloned().ok_or(Refusal::NoTicket)?;
        let mailbox = self.case.mailbox(&facts.mailbox).ok_or(Refusal::NoTicket)?;
        let message = about.or(facts.last_in.as_ref().map(|l| l.message)).ok_or(Refusal::NoFiles)?;
        let said = self.case.found.said.get(&message).ok_or(Refusal::NoFiles)?;
        let rows: Vec<AttachmentRow> =
            said.attachments.iter().map(|a| AttachmentRow { inline: false, content_id: None, ..a.clone() }).collect();
        if rows.is_empty() {
            return Err(Refusal::NoFiles);
        }
        let mut mails: Vec<Vec<AttachmentRow>> = Vec::new();
        let mut size = 0;
        for row in rows {
            match mails.last_mut() {
                Some(mail) if size + row.size <= MAIL_SIZE_BYTES => {
                    size += row.size;
                    mail.push(row);
                }
                _ => {
                    size = row.size;
                    mails.push(vec![row]);
                }
            }
        }
        for attachments in mails {
            let names: Vec<String> = attachments.iter().map(|a| a.name.clone()).collect();
            let page = files(&self.case.inside_voice(), (facts.number, facts.subject.as_str()), &names);
            let reply = Reply::To(Token::Desk { ticket: facts.number }, self.case.grounds(&facts));
            let post = InsidePost {
                kind: ParcelKind::Confirm,
                name: mailbox.display_name.clone(),
                ticket: Some(facts.number),
                message: Some(message),
                ask: None,
                reply,
                attachments,
                not_before: self.case.now,
            };
            self.case.inside(mailbox, staff, page, post);
        }
        Ok(())
    }
}
