//! Incidents: what many customers write about at once gets one text at once, and no agent is told of it mail by mail.
//!
//! A new mail that fits is linked and measured like any other. Its customer gets the incident's text, if anything may be sent to her;
//! only then nobody is told singly: a customer is never left in silence on both sides. Her reply, the end of the incident, or an agent
//! who takes the matter up makes it a ticket like any other again.

pub mod ask;

use minijinja::context;

use crate::config::settings::{Mailbox, Mode};
use crate::desk::automatic::{Automatic, echo, spoken};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::intake::Incoming;
use crate::desk::say::Page;
use crate::desk::say::acknowledgement::Echo;
use crate::desk::say::incident::{Body, IncidentFacts, incident_answer, incident_over};
use crate::desk::say::notification::{Reason, Remark};
use crate::desk::tell::{InsidePost, News, is_live};
use crate::mail::markdown;
use crate::mail::pattern::Pattern;
use crate::model::{BulkNo, MessageNo, Party, State, TicketNo, Time};
use crate::plan::incident::{IncidentText, Woken};
use crate::plan::{AttachmentRow, Change, Findings, Incident, IncidentTally, Link, Said, What};
use crate::wording;

/// Whether an incident's pattern speaks of a mail.
fn speaks(pattern: &str, subject: &str, new_text: &str) -> bool {
    Pattern::read(pattern).is_ok_and(|p| p.is_match(subject, new_text))
}

/// An incident's text in the language of a customer, or the one for all, filled in.
///
/// # Errors
/// What is wrong with it, in the template engine's words: it names what is not the same for all.
fn body(text: &IncidentText, language: &str, number: TicketNo, mailbox: &Mailbox, desk: &str) -> Result<Body, String> {
    let address = mailbox.address.to_string();
    let values = |clean: &dyn Fn(&str) -> String| {
        context! {
            ticket => context! { number => number.0 },
            desk => context! { name => clean(desk) },
            mailbox => context! { address => clean(&address) },
        }
    };
    match text {
        IncidentText::Own { text } => wording::fill(text, values(&str::to_owned)).map(Body::Plain),
        IncidentText::Canned { texts, .. } => {
            let own = texts.iter().find(|t| t.language == language);
            let for_all = || texts.iter().find(|t| t.language.is_empty()).or(texts.first());
            let text = own.or_else(for_all).map_or("", |t| t.text.as_str());
            wording::fill(text, values(&markdown::escape)).map(Body::Markdown)
        }
    }
}

impl<'a> Incoming<'a> {
    /// The incident of which a new mail speaks: of several the oldest.
    #[must_use]
    pub fn incident(&self) -> Option<&'a Incident> {
        let found = self.case.found;
        if self.case.quiet {
            return None;
        }
        let text = if self.letter.new_text.trim().is_empty() { &self.letter.text } else { &self.letter.new_text };
        let is_on = |i: &&Incident| i.is_on(&self.mailbox.name, found.epoch, self.case.now);
        found.incidents.iter().filter(is_on).find(|i| speaks(&i.pattern, &self.letter.subject, text))
    }

    /// Whether the sender has a matter here already: a person looks at the next one. So has she whose mail belongs to the incident.
    fn is_known_matter(&self, incident: &Incident) -> bool {
        let found = self.case.found;
        found.senders_tickets.iter().any(|t| {
            let of_incident = found.links.get(t).is_some_and(|l| l.incident == incident.no);
            of_incident || found.tickets.get(t).is_some_and(|f| matches!(f.state, State::Open | State::Held))
        })
    }

    /// A new ticket belongs to the incident. `to`: the customer, if she may be answered by a robot at all, and whether she is proved.
    /// `true`: she has got its text, and nobody else is to be told.
    pub fn join_incident(&mut self, ticket: TicketNo, incident: &Incident, to: Option<(Party, bool)>) -> bool {
        let to = to.filter(|_| !self.is_known_matter(incident));
        let told = to.and_then(|(party, verified)| self.answer_incident(ticket, incident, &party, verified));
        self.case.link(ticket, incident, told);
        told.is_some()
    }

    fn answer_incident(
        &mut self,
        ticket: TicketNo,
        incident: &Incident,
        party: &Party,
        verified: bool,
    ) -> Option<MessageNo> {
        if !self.may_be_acknowledged(party) {
            return None;
        }
        let language = spoken(self.letter.language.as_deref(), self.mailbox);
        let desk = &self.case.rules.settings.desk.name;
        let body = body(&incident.text, language, ticket, self.mailbox, desk).ok()?;
        let page = incident_answer(
            &self.case.voice(language, self.case.now),
            &IncidentFacts {
                number: ticket,
                echo: echo(verified, &self.letter.subject, &party.name),
                body,
                signature: self.case.automatic_signature(self.mailbox, ticket, verified.then_some(party)),
            },
        );
        let mail = Automatic {
            ticket,
            to: if verified { party.clone() } else { Party::new("", party.address.clone()) },
            page,
            in_reply_to: self.letter.message_id.clone(),
            references: self.letter.references.clone(),
            language,
        };
        let message = self.case.next.message;
        if !self.case.send_automatic(self.mailbox, mail) {
            return None;
        }
        self.case.event(ticket, "svar", What::Acknowledged, format!("incident {}", incident.no));
        Some(message)
    }

    /// Puts below a text, and to what is attached to it, what the customer wrote before on a ticket of which nobody was told.
    pub fn add_unseen(&self, ticket: TicketNo, text: &mut String, attachments: &mut Vec<AttachmentRow>) {
        let last = self.case.found.tickets.get(&ticket).and_then(|t| t.last_in.as_ref());
        let Some(before) = last.and_then(|l| self.case.found.said.get(&l.message)) else { return };
        let moment = |at: Time| self.case.inside_voice().moment(at);
        let earlier = together(&self.case, &[before]);
        let (now, then) = (moment(self.env.received_at), moment(before.at));
        *text = format!("({now})\n{}\n\n({then})\n{}", text.trim(), earlier.trim());
        attachments.extend(before.attachments.iter().cloned());
    }
}

impl Case<'_> {
    /// The incident to which a ticket belongs, as long as nobody is told of the ticket singly.
    #[must_use]
    pub fn quiet_link(&self, ticket: TicketNo) -> Option<&Link> {
        let woken = |c: &Change| matches!(c, Change::Wake { ticket: t, .. } if *t == ticket);
        // Whoever has taken the matter up is told of it.
        let taken = self.tickets.get(&ticket).is_some_and(|t| t.assignee.is_some());
        self.found.links.get(&ticket).filter(|l| l.quiet && !taken && !self.changes.iter().any(woken))
    }

    fn link(&mut self, ticket: TicketNo, incident: &Incident, told: Option<MessageNo>) {
        self.change(Change::Link { ticket, incident: incident.no, told, at: self.now });
        self.change(Change::Tag { ticket, tag: incident.tag.clone() });
        self.touch(ticket, |t| {
            if !t.tags.contains(&incident.tag) {
                t.tags.push(incident.tag.clone());
            }
        });
        self.event(ticket, "svar", What::Incident, incident.no.to_string());
    }

    /// People hear of the ticket again as of any other.
    pub fn wake(&mut self, ticket: TicketNo, why: Woken) {
        let Some(incident) = self.quiet_link(ticket).map(|l| l.incident) else { return };
        self.change(Change::Wake { ticket, why, at: self.now });
        let word = match why {
            Woken::Replied => "the customer has replied",
            Woken::Over => "over",
        };
        self.event(ticket, "svar", What::Incident, format!("{incident}: {word}"));
    }

    /// A ticket that is merged away keeps its incident, and the one that it goes into belongs to it from now on. Whoever merges
    /// tickets has seen them.
    pub fn merge_incidents(&mut self, from: TicketNo, into: TicketNo) {
        let link = self.found.links.get(&from).cloned();
        self.wake(from, Woken::Over);
        self.wake(into, Woken::Over);
        if let Some(link) = link.filter(|_| !self.found.links.contains_key(&into)) {
            self.change(Change::Link { ticket: into, incident: link.incident, told: None, at: self.now });
            self.event(into, "svar", What::Incident, link.incident.to_string());
        }
    }

    /// An answer to many tickets begins: if it is to all of an incident's, that is over. The answer's own report says what became of it.
    pub fn end_answered_incident(&mut self, bulk: BulkNo) {
        let tally = self.found.tallies.iter().find(|t| t.incident.bulk == Some(bulk));
        if let Some(incident) = tally.map(|t| t.incident.no) {
            self.change(Change::EndIncident { incident, at: self.now });
        }
    }

    /// Tells one of us about an incident.
    fn report(&mut self, mailbox: &Mailbox, staff: &Staff<'_>, page: Page) {
        let post = InsidePost::report(mailbox, self.now);
        self.inside(mailbox, staff, page, post);
    }

    /// It is over: its author hears of it, and managers if customers still wait.
    fn end_incident(&mut self, tally: &IncidentTally) {
        let incident = &tally.incident;
        self.change(Change::EndIncident { incident: incident.no, at: self.now });
        let Some(mailbox) = self.mailbox(&incident.mailbox) else { return };
        let page = incident_over(&self.inside_voice(), tally);
        let author = self.rules.staff(&incident.agent);
        if let Some(staff) = &author {
            self.report(mailbox, staff, page.clone());
        }
        if tally.waiting == 0 {
            return;
        }
        let sees = |m: &&crate::config::settings::Manager| incident.mailboxes.iter().all(|b| m.mailboxes.contains(b));
        for manager in self.rules.settings.managers.iter().filter(sees) {
            let staff = Staff::of_manager(manager);
            if author.as_ref().is_none_or(|a| a.address() != staff.address()) {
                self.report(mailbox, &staff, page.clone());
            }
        }
    }
}

/// The end of an incident has come. `tally`: how it stands.
#[must_use]
pub fn over(tally: &IncidentTally, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    case.end_incident(tally);
    case.changes
}

/// A ticket whose incident is over joins the others: if its customer still waits, agents are told in the ordinary way.
/// `unanswered`: what she has written since she waits, oldest first.
#[must_use]
pub fn rejoin(
    ticket: TicketNo,
    unanswered: &[MessageNo],
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let link = case.quiet_link(ticket).cloned();
    case.wake(ticket, Woken::Over);
    if link.is_none() {
        // Somebody has taken it up meanwhile.
        case.change(Change::Wake { ticket, why: Woken::Over, at: now });
    }
    let Some(facts) = case.tickets.get(&ticket).cloned() else { return case.changes };
    let said: Vec<&Said> = unanswered.iter().filter_map(|m| found.said.get(m)).collect();
    let answered = facts.last_answer.as_ref().is_some_and(|a| said.last().is_none_or(|s| a.message > s.no));
    if let (Some(link), Some(last)) = (link, said.last())
        && facts.state == State::Open
        && is_live(facts.state)
        && facts.waiting_since.is_some()
        && !answered
    {
        let news = News {
            message: last.no,
            reason: Reason::New,
            remarks: vec![Remark::IncidentOver { name: link.name }],
            author: last.from.clone(),
            text: together(&case, &said),
            attachments: said.iter().flat_map(|s| s.attachments.iter().cloned()).collect::<Vec<AttachmentRow>>(),
            received_at: said.first().map_or(last.at, |s| s.at),
            prefer: None,
            not_to: Vec::new(),
        };
        case.notify(ticket, &news);
    }
    case.changes
}

/// Several mails in one text, each with its time; one as it is.
#[must_use]
pub fn together(case: &Case<'_>, said: &[&Said]) -> String {
    let text = |s: &Said| if s.new_text.trim().is_empty() { s.text.clone() } else { s.new_text.clone() };
    match said {
        [one] => text(one),
        several => {
            let part = |s: &&Said| format!("({})\n{}", case.inside_voice().moment(s.at), text(s).trim());
            several.iter().map(part).collect::<Vec<_>>().join("\n\n")
        }
    }
}

/// How an incident's text looks to a customer; for whoever sets it up.
///
/// # Errors
/// What is wrong with the text.
fn sample(case: &Case<'_>, mailbox: &Mailbox, text: &IncidentText, language: &str) -> Result<Page, String> {
    let number = case.next.ticket;
    let body = body(text, language, number, mailbox, &case.rules.settings.desk.name)?;
    let voice = crate::desk::say::Voice {
        language,
        zone: &case.rules.settings.desk.time_zone,
        now: case.now,
        desk: &case.rules.settings.desk.name,
    };
    let facts = IncidentFacts {
        number,
        echo: Echo::Verified { subject: String::new(), name: String::new() },
        body,
        signature: case.automatic_signature(mailbox, number, None),
    };
    Ok(incident_answer(&voice, &facts))
}

/// Whether mail to a mailbox can be answered at all.
fn sends(mailbox: &Mailbox) -> bool {
    mailbox.mode == Mode::Desk
}
