//! Mail that no person wrote: bounces of our mail, vacation notices, lists. It starts and stops nothing.

use crate::config::settings::Notify;
use crate::desk::intake::Incoming;
use crate::desk::say::failed::{CameBackFacts, CameBackFrom, came_back};
use crate::desk::say::manager::ManagerNews;
use crate::desk::say::notification::{Reason, Remark};
use crate::desk::tell::{News, is_live};
use crate::mail::letter::{Action, BouncedRecipient};
use crate::model::{Address, Kind, ParcelKind, RecipientState, State, TicketNo, Time};
use crate::plan::{Change, Fate, KnownParcel, What};

impl Incoming<'_> {
    /// A delivery report. It only ever speaks of mail that is ours for certain: by our signature, or a Message-ID on record.
    pub fn bounce(&mut self) -> bool {
        if self.letter.kind != Kind::Bounce {
            return false;
        }
        let report = self.letter.bounce.clone().unwrap_or_default();
        let Some(parcel) = self.bounced_parcel() else {
            let of_person = report.message_id.as_ref().and_then(|_| self.case.found.messages.first()).map(|m| m.ticket);
            match of_person.filter(|t| self.case.tickets.contains_key(t)) {
                Some(ticket) => {
                    let message = self.add(ticket, Kind::Bounce, false, false, "bounce of a message on record");
                    self.settle(Fate::Message(message));
                }
                None => {
                    self.quarantine("bounce-unknown: the mail that came back is not on record here");
                }
            }
            return true;
        };
        let arrived = |r: &BouncedRecipient| matches!(r.action, Action::Relayed | Action::Delivered | Action::Expanded);
        if !report.recipients.is_empty() && report.recipients.iter().all(arrived) {
            self.settle(Fate::Done("a report that a mail of ours has arrived"));
            return true;
        }
        let failed: Vec<BouncedRecipient> =
            report.recipients.iter().filter(|r| r.action == Action::Failed).cloned().collect();
        let words = |r: &BouncedRecipient| {
            [r.status.as_deref(), r.diagnostic.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        for recipient in &failed {
            let named = Address::parse(&recipient.address);
            let known = parcel.recipients.iter().find(|(a, _)| Some(a) == named.as_ref());
            // A forwarder names the address behind it: with one recipient it can only be this one.
            let address =
                known.or(parcel.recipients.first().filter(|_| parcel.recipients.len() == 1)).map(|(a, _)| a.clone());
            if let Some(address) = address {
                self.case.change(Change::Recipient {
                    parcel: parcel.no,
                    address: address.clone(),
                    state: RecipientState::Bounced,
                    error: Some(words(recipient)),
                });
                self.case.change(Change::AddressBounced { address, at: self.case.now });
            }
        }
        let ticket = parcel.ticket.filter(|t| self.case.tickets.contains_key(t));
        match (parcel.kind, ticket) {
            (ParcelKind::Answer | ParcelKind::Bulk, Some(ticket)) => self.answer_bounced(&parcel, ticket, &failed),
            (ParcelKind::Notify, Some(ticket)) => {
                if !failed.is_empty() {
                    let words = failed.first().map(words).unwrap_or_default();
                    self.case.event(ticket, "svar", What::Bounced, format!("parcel {}", parcel.no));
                    self.case.notification_failed(&parcel, ticket, &words);
                }
                self.settle(Fate::Done("bounce of a notification"));
            }
            (ParcelKind::Ask, Some(ticket)) => {
                let message = self.add(ticket, Kind::Bounce, false, false, "bounce of a question");
                if let (false, Some(facts)) = (failed.is_empty(), self.case.survivor(ticket).cloned()) {
                    self.case.event(facts.number, "svar", What::Bounced, format!("parcel {}", parcel.no));
                    let text = parcel.message.and_then(|m| self.case.found.said.get(&m)).map(|s| s.new_text.clone());
                    let words = failed.first().map(words).unwrap_or_default();
                    self.case.question_failed(&parcel, &facts, &words, &text.unwrap_or_default());
                }
                self.settle(Fate::Message(message));
            }
            (ParcelKind::Notify, None) => {
                if !failed.is_empty() {
                    self.case.list_failed(&parcel, &failed.first().map(words).unwrap_or_default());
                }
                self.settle(Fate::Done("bounce of a list"));
            }
            (_, Some(ticket)) => {
                let message = self.add(ticket, Kind::Bounce, false, false, "bounce of a mail of ours");
                if !failed.is_empty() {
                    self.case.event(ticket, "svar", What::Bounced, format!("parcel {}", parcel.no));
                }
                self.settle(Fate::Message(message));
            }
            (_, None) => {
                self.quarantine("bounce: a mail to one of us came back");
            }
        }
        true
    }

    fn bounced_parcel(&self) -> Option<KnownParcel> {
        let key = self.case.rules.key;
        let report = self.letter.bounce.as_ref();
        let by_address = self.letter.to.iter().map(|p| &p.address).chain(&self.letter.delivered_to);
        let by_address = by_address.filter_map(|a| a.detail()).find_map(|d| key.bounced_parcel(d));
        let by_header = report.and_then(|b| b.svar_id.as_deref()).and_then(|v| key.verify_svar_id(v));
        let by_id = report.and_then(|b| b.message_id.as_ref());
        let parcels = &self.case.found.parcels;
        let signed = by_address.or(by_header);
        parcels
            .iter()
            .find(|p| signed.is_some_and(|signed| key.is_that_parcel(signed, p.no, &p.message_id)))
            .or_else(|| parcels.iter().find(|p| Some(&p.message_id) == by_id))
            .cloned()
    }

    fn answer_bounced(&mut self, parcel: &KnownParcel, ticket: TicketNo, failed: &[BouncedRecipient]) {
        let message = self.add(ticket, Kind::Bounce, false, false, "bounce of an answer");
        self.settle(Fate::Message(message));
        let Some(survivor) = self.case.survivor(ticket).cloned() else { return };
        if failed.is_empty() {
            return;
        }
        let detail = format!("message {}", parcel.message.map_or(0, |m| m.0));
        self.case.event(survivor.number, "svar", What::Bounced, detail);
        if matches!(survivor.state, State::Closed | State::Pending | State::Held) {
            let what = if is_live(survivor.state) { What::Open } else { What::Reopened };
            self.case.set_state(survivor.number, State::Open, None, "svar", what);
        }
        let said = parcel.message.and_then(|m| self.case.found.said.get(&m));
        let page = came_back(
            &self.case.inside_voice(),
            &CameBackFacts {
                number: survivor.number,
                subject: survivor.subject.clone(),
                recipients: failed
                    .iter()
                    .map(|r| CameBackFrom {
                        address: r.address.clone(),
                        status: r.status.clone(),
                        diagnostic: r.diagnostic.clone(),
                    })
                    .collect(),
                text: said.map(|s| s.new_text.clone()),
            },
        );
        let writer = parcel.agent.as_ref().or(survivor.assignee.as_ref()).and_then(|a| self.case.rules.staff(a));
        let Some(mailbox) = self.case.mailbox(&survivor.mailbox) else { return };
        match writer {
            Some(staff) => {
                self.case.tell(mailbox, &staff, page, Some(survivor.number), None);
            }
            None => {
                let news = ManagerNews::AnswerFailed {
                    agent: None,
                    recipients: failed.iter().map(|r| r.address.clone()).collect(),
                    words: failed.iter().filter_map(|r| r.diagnostic.clone()).collect::<Vec<_>>().join("; "),
                };
                self.case.tell_managers(mailbox, Some(survivor.number), "answer-failed", Time::HOUR, &news);
            }
        }
    }

    /// Vacation notices and lists.
    pub fn robot(&mut self) -> bool {
        if !matches!(self.letter.kind, Kind::Auto | Kind::List) {
            return false;
        }
        // The list is the mailbox itself: whoever writes to it is a customer.
        if self.comes_by_our_list() {
            return false;
        }
        let why = self.letter.why.clone();
        self.of_robot(&why)
    }

    #[must_use]
    pub fn comes_by_our_list(&self) -> bool {
        let own = self.letter.list_id.as_ref().is_some_and(|l| self.mailbox.is_own_list(l));
        own && self.letter.kind == Kind::List
    }

    /// Kept on the ticket that it answers, else set aside.
    pub fn of_robot(&mut self, why: &str) -> bool {
        // A bounce keeps its own kind; what a rule calls a robot's is one.
        let kind = if self.letter.kind == Kind::List { Kind::List } else { Kind::Auto };
        match self.robots_ticket() {
            Some(ticket) => {
                let message = self.add(ticket, kind, false, false, "a robot's mail about this ticket");
                self.case.event(ticket, "customer", What::Received, format!("message {message}: {kind}"));
                self.settle(Fate::Message(message));
            }
            None => {
                let list_at = self.told_at();
                self.put_aside(format!("robot: {why}"), list_at);
            }
        }
        true
    }

    /// The ticket that a robot's mail belongs to: it answers a mail of ours, whoever sends it; or its sender takes part.
    #[must_use]
    pub fn robots_ticket(&self) -> Option<TicketNo> {
        let found = self.case.found;
        let from = self.letter.from.as_ref().map(|p| &p.address);
        let part = |t: &TicketNo| {
            let facts = self.case.tickets.get(t);
            facts.is_some_and(|f| from.is_some_and(|a| crate::desk::thread::takes_part(f, a)))
        };
        let named = |id: &String| self.letter.in_reply_to.contains(id) || self.letter.references.contains(id);
        let of_ours = found.parcels.iter().filter(|p| named(&p.message_id)).filter_map(|p| p.ticket);
        let of_messages = found.messages.iter().map(|m| m.ticket).filter(part);
        let of_numbers = self.numbers.iter().copied().filter(part);
        let ticket = of_ours.chain(of_messages).chain(of_numbers).next()?;
        self.case.survivor(ticket).map(|t| t.number)
    }
}

impl crate::desk::case::Case<'_> {
    /// A list did not reach its agent: what stood in it goes to whom it falls now, and managers hear of it.
    pub fn list_failed(&mut self, parcel: &KnownParcel, words: &str) {
        let Some(agent) = parcel.agent.clone() else { return };
        let Some(mailbox) = self.mailbox(&parcel.mailbox) else { return };
        self.note_unreachable(&agent);
        self.change(Change::ReviveNotices { person: agent.clone() });
        let news = ManagerNews::NotificationCameBack {
            agent: self.rules.staff(&agent).map_or_else(|| agent.to_string(), |s| s.name.to_owned()),
            address: agent.clone(),
            words: words.to_owned(),
            now_with: None,
        };
        self.tell_managers(mailbox, None, &format!("notification-failed {agent}"), Time::HOUR, &news);
    }

    /// A notification did not reach its agent: the next one gets it, and managers hear of it.
    pub fn notification_failed(&mut self, parcel: &KnownParcel, ticket: TicketNo, words: &str) {
        let Some(facts) = self.tickets.get(&ticket).cloned() else { return };
        let Some(mailbox) = self.mailbox(&facts.mailbox) else { return };
        let Some(agent) = parcel.agent.clone() else { return };
        let name = self.rules.staff(&agent).map_or_else(|| agent.to_string(), |s| s.name.to_owned());
        self.note_unreachable(&agent);
        // With `notify = "all"` the others have it already.
        let said = parcel.message.and_then(|m| self.found.said.get(&m)).filter(|_| mailbox.notify == Notify::Turn);
        let said = said.cloned();
        let mut not_to = vec![agent.clone()];
        let others = self.rules.settings.agents.iter().map(|a| a.address().clone());
        not_to.extend(others.filter(|a| self.is_unreachable(a)));
        let before = facts.turn_agent.clone();
        let mut reached = false;
        if let Some(said) = said {
            self.touch(ticket, |t| t.turn_agent = None);
            reached = self.notify(
                ticket,
                &News {
                    message: said.no,
                    reason: Reason::New,
                    remarks: vec![Remark::CameBackFrom { colleague: name.clone() }],
                    author: said.from,
                    text: said.new_text,
                    attachments: Vec::new(),
                    received_at: said.at,
                    prefer: None,
                    not_to,
                },
            );
        }
        let now_with = self
            .tickets
            .get(&ticket)
            .and_then(|t| t.turn_agent.clone())
            .filter(|a| reached && Some(a) != before.as_ref());
        let now_with = now_with.and_then(|a| self.rules.staff(&a)).map(|s| s.name.to_owned());
        let news = ManagerNews::NotificationCameBack {
            agent: name,
            address: agent.clone(),
            words: words.to_owned(),
            now_with,
        };
        self.tell_managers(mailbox, Some(ticket), &format!("notification-failed {agent}"), Time::HOUR, &news);
    }
}
