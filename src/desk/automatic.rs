//! Automatic mail to customers: to whom it may go, how often, and how it leaves (RFC 3834).

use crate::config::settings::Mailbox;
use crate::desk::case::{Case, Post};
use crate::desk::say::Page;
use crate::desk::say::acknowledgement::Echo;
use crate::desk::say::answer::{Fill, fill_markdown, names_agent};
use crate::desk::say::manager::ManagerNews;
use crate::mail::compose::AutoSubmitted;
use crate::mail::letter::Letter;
use crate::model::{Address, Direction, Kind, ParcelKind, Party, TicketNo, Time};
use crate::plan::{Change, NewMessage};
use crate::wording::Wording;

/// A mail that svar writes to a customer by itself.
#[derive(Clone, Debug)]
pub struct Automatic<'a> {
    pub ticket: TicketNo,
    /// Without the name where nothing proves that the address is hers.
    pub to: Party,
    pub page: Page,
    pub in_reply_to: Option<String>,
    /// Oldest first.
    pub references: Vec<String>,
    pub language: &'a str,
}

/// What of a customer's own words may be said back to her.
#[must_use]
pub fn echo(verified: bool, subject: &str, name: &str) -> Echo {
    if verified { Echo::Verified { subject: subject.to_owned(), name: name.to_owned() } } else { Echo::Nothing }
}

/// The language of a customer's letter if svar speaks it, else the mailbox's.
#[must_use]
pub fn spoken<'a>(language: Option<&str>, mailbox: &'a Mailbox) -> &'a str {
    let known = language.and_then(|l| Wording::languages().into_iter().find(|known| *known == l));
    known.unwrap_or(&mailbox.language)
}

impl Case<'_> {
    /// Whether automatic mail may go to this address, which is the author's that was looked up: never to a robot or to one of us, and
    /// not too often.
    #[must_use]
    pub fn may_get_automatic(&self, address: &Address) -> bool {
        self.rules.staff(address).is_none()
            && !self.rules.is_ours(address)
            && !is_robots_address(address)
            && self.found.auto_to_sender < self.rules.settings.limits.auto_per_address_per_day
    }

    /// Whether the letter answers an automatic mail that went to somebody else. A robot that writes from a new address each time
    /// (`help+id123@`) opens a new matter each time: acknowledged, it would answer that, too.
    #[must_use]
    pub fn answers_anothers_automatic(&self, letter: &Letter, author: &Address) -> bool {
        let answered = |id: &String| letter.in_reply_to.contains(id) || letter.references.last() == Some(id);
        self.found.parcels.iter().any(|p| {
            p.kind == ParcelKind::Acknowledge
                && answered(&p.message_id)
                && p.recipients.iter().all(|(to, _)| to != author)
        })
    }

    /// Whether any automatic mail may go out now; if not, managers are told.
    pub fn has_room_for_automatic(&mut self, mailbox: &Mailbox) -> bool {
        let limit = self.rules.settings.limits.auto_per_hour;
        if self.found.auto_in_all >= limit {
            let news = ManagerNews::TooManyAutomatic { limit, until: self.now.plus(Time::HOUR) };
            self.tell_managers(mailbox, None, "too-many-automatic", Time::HOUR, &news);
            return false;
        }
        !self.is_short_of_mail(mailbox)
    }

    /// The mailbox's signature where it names no agent, filled in; `known`: the customer, where she is proved.
    #[must_use]
    pub fn automatic_signature(&self, mailbox: &Mailbox, ticket: TicketNo, known: Option<&Party>) -> Option<String> {
        let values = Fill {
            customer_name: known.map(|p| p.name.clone()).unwrap_or_default(),
            ticket_number: Some(ticket),
            ticket_subject: String::new(),
            agent_name: mailbox.display_name.clone(),
            desk_name: self.rules.settings.desk.name.clone(),
            mailbox_address: mailbox.address.to_string(),
        };
        let signature = mailbox.signature.as_ref().filter(|s| !names_agent(s))?;
        fill_markdown(signature, &values).ok()
    }

    /// Sends it, puts it on record, and counts it. `false`: a watching mailbox sends nothing.
    pub fn send_automatic(&mut self, mailbox: &Mailbox, mail: Automatic<'_>) -> bool {
        let Automatic { ticket, to, page, in_reply_to, mut references, language } = mail;
        references.extend(in_reply_to.clone());
        let no = self.next.message;
        let from = Party::new(&mailbox.display_name, mailbox.address.clone());
        let (subject, text) = (page.subject.clone(), page.text.clone());
        let named = references.iter().rev().cloned().collect();
        let before = self.changes.len();
        let sent = self.post(
            mailbox,
            Post {
                kind: ParcelKind::Acknowledge,
                ticket: Some(ticket),
                message: Some(no),
                agent: None,
                ask: None,
                from: from.clone(),
                to: vec![to.clone()],
                cc: Vec::new(),
                reply_to: None,
                subject: page.subject,
                text: page.text,
                html: Some(page.html),
                in_reply_to,
                references,
                auto: Some(AutoSubmitted::Replied),
                attachments: Vec::new(),
                not_before: self.now,
            },
        );
        let Some(parcel) = sent else { return false };
        self.next.take_message();
        // Whoever has one address has all that differ in their detail: they are one to the limit.
        let address = to.address.plain();
        let message = NewMessage {
            no,
            ticket,
            direction: Direction::Auto,
            kind: Kind::Auto,
            letter: None,
            from: Some(from),
            to: vec![to],
            cc: Vec::new(),
            at: self.now,
            sent_at: None,
            subject,
            text,
            // Nothing new is said: it is not searched.
            new_text: String::new(),
            message_id: Some(self.rules.key.message_id(self.found.epoch, parcel, mailbox.address.domain())),
            sameness: String::new(),
            references: named,
            thread_index: None,
            language: Some(language.to_owned()),
            agent: None,
            counts: false,
            accepted: true,
            verified: true,
            attachments: Vec::new(),
            defects: Vec::new(),
        };
        // The message stands before the mail that carries it.
        self.changes.insert(before, Change::AddMessage(Box::new(message)));
        self.change(Change::CountAutomatic { address, at: self.now });
        true
    }
}

/// Addresses to which no automatic mail is ever sent (RFC 3834, 2; RFC 2142).
fn is_robots_address(address: &Address) -> bool {
    let local = address.plain().local().replace(['-', '_', '.'], "");
    [
        "mailerdaemon",
        "postmaster",
        "noreply",
        "donotreply",
        "owner",
        "listserv",
        "majordomo",
        "bounce",
        "bounces",
        "abuse",
    ]
    .iter()
    .any(|w| local == *w || (local.starts_with(w) && matches!(*w, "noreply" | "donotreply" | "bounce" | "bounces")))
        || address.local().ends_with("-request")
        || address.local().starts_with("owner-")
}
