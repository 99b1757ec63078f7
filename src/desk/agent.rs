//! A mail from one of us: is it proved, what does it ask for, and is it done.

use crate::desk::act::{Act, Refusal, of_command};
use crate::desk::answer::Draft;
use crate::desk::case::Staff;
use crate::desk::command_lines::without_lines;
use crate::desk::commands::{Command, Ground, Parsed, Wrong, parse, rows as command_rows, says_nothing};
use crate::desk::intake::Incoming;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::held::HeldWhy;
use crate::desk::say::not_proved::{NotProvedFacts, NotProvedWhy, SetAside, not_proved};
use crate::desk::say::refused::{RefusedFacts, WrongLine, WrongWhy, help, refused};
use crate::desk::sign::{Grounds, Key, SignedAddress, Token};
use crate::desk::vouch::{Vouch, vouch};
use crate::model::{AskNo, Kind, MessageNo, ParcelKind, State, TicketNo, Time};
use crate::plan::{Change, Fate, HeldAnswer, KnownAsk, KnownParcel, Matter, Release, TicketFacts};

/// What a proof entitles to. The kind of our mail that is answered is part of what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Proof {
    /// Text goes to the customer. The notification that is answered, where it is known.
    Answer {
        ticket: TicketNo,
        to: Option<KnownParcel>,
    },
    OneTap {
        ticket: TicketNo,
        command: String,
    },
    Note {
        ticket: TicketNo,
    },
    /// Commands only.
    Desk {
        ticket: Option<TicketNo>,
    },
    Confirm {
        ask: AskNo,
    },
    /// A signed address of this person's that is no longer good for its ticket.
    Stale {
        ticket: TicketNo,
    },
}

/// Why an agent's mail is not acted upon, in words for the record.
const UNPROVED: &str = "agent-unproved";

impl Incoming<'_> {
    /// A mail whose From is one of us.
    pub fn of_staff(&mut self) -> bool {
        let Some(staff) = self.staff() else { return false };
        if self.letter.kind != Kind::Person {
            self.out_of_office(staff.address());
            return true;
        }
        let proof = self.proof(&staff);
        let vouched = vouch(self.letter, self.mailbox, staff.addresses);
        match (proof, vouched) {
            (Some(_), _) if !self.letter.from_is_single => {
                self.set_aside(&staff, NotProvedWhy::NotConfirmed, "two senders")
            }
            (_, Vouch::Unproved(why)) => self.set_aside(&staff, NotProvedWhy::NotConfirmed, why),
            (Some(proof), _) => self.obey(&staff, proof),
            (None, _) if self.is_to_desk() => self.obey(&staff, Proof::Desk { ticket: None }),
            (None, Vouch::Proved(_)) => self.record(&staff, false),
            (None, Vouch::Unknown) => {
                self.set_aside(&staff, NotProvedWhy::NoServerIsTrusted, "no trusted_authserv_id is set")
            }
        }
        true
    }

    fn is_to_desk(&self) -> bool {
        let rules = self.case.rules;
        self.letter
            .to
            .iter()
            .chain(&self.letter.cc)
            .map(|p| &p.address)
            .chain(&self.letter.delivered_to)
            .any(|a| a.detail() == Some("desk") && rules.is_ours(a))
    }

    /// The signed address, or the signed Message-ID that the mail answers.
    fn proof(&self, staff: &Staff<'_>) -> Option<Proof> {
        let tag = Key::person_tag(staff.address());
        let own: Vec<&SignedAddress> = self.signed.iter().filter(|s| s.person == tag).collect();
        if let Some(signed) = own.first() {
            return self.by_address(staff, signed);
        }
        let direct = self.letter.in_reply_to.first().into_iter().chain(self.letter.references.last());
        let key = self.case.rules.key;
        let mut parcels = direct.filter(|id| key.verify_message_id(id).is_some()).filter_map(|id| {
            self.case.found.parcels.iter().find(|p| p.message_id == *id && p.agent.as_ref() == Some(staff.address()))
        });
        let parcel = parcels.next()?;
        Some(match (parcel.kind, parcel.ask, parcel.ticket) {
            (ParcelKind::Notify, _, Some(ticket)) => Proof::Answer { ticket, to: Some(parcel.clone()) },
            (_, Some(ask), _) => Proof::Confirm { ask },
            (ParcelKind::Report, None, Some(ticket)) => Proof::Note { ticket },
            (_, None, ticket) => Proof::Desk { ticket },
        })
    }

    fn by_address(&self, staff: &Staff<'_>, signed: &SignedAddress) -> Option<Proof> {
        let found = self.case.found;
        let admits = |grounds: Grounds| self.case.rules.key.admits(found.epoch, signed, staff.address(), grounds);
        if let Token::Confirm { ask } = signed.token {
            let known = found.asks.iter().find(|a| a.no == ask)?;
            return admits(Grounds { created_at: known.created_at, serial: 0 }).then_some(Proof::Confirm { ask });
        }
        let facts = self.case.tickets.get(&signed.token.ticket()?)?;
        let ticket = facts.number;
        if !admits(self.case.grounds(facts)) {
            let earlier = (0..facts.serial).any(|serial| admits(Grounds { created_at: facts.created_at, serial }));
            return earlier.then_some(Proof::Stale { ticket });
        }
        // A signed address alone may be a stale one from the client's memory: the mail must speak of the ticket besides.
        let of_ticket = |t: TicketNo| t == ticket || self.case.survivor(t).is_some_and(|s| s.number == ticket);
        let speaks = self.numbers.iter().any(|n| of_ticket(*n))
            || found.messages.iter().any(|m| of_ticket(m.ticket))
            || found.parcels.iter().any(|p| p.ticket.is_some_and(of_ticket));
        Some(match &signed.token {
            Token::OneTap { command, .. } => Proof::OneTap { ticket, command: command.clone() },
            _ if !speaks || self.signed.len() > 1 => Proof::Stale { ticket },
            Token::Answer { .. } => Proof::Answer { ticket, to: self.answered_notification(ticket) },
            Token::Note { .. } => Proof::Note { ticket },
            _ => Proof::Desk { ticket: Some(ticket) },
        })
    }

    /// The newest notification of the ticket among those that the mail names.
    fn answered_notification(&self, ticket: TicketNo) -> Option<KnownParcel> {
        let of_ticket =
            self.case.found.parcels.iter().filter(|p| p.kind == ParcelKind::Notify && p.ticket == Some(ticket));
        let direct = self.letter.in_reply_to.first().or(self.letter.references.last());
        let all: Vec<&KnownParcel> = of_ticket.collect();
        all.iter()
            .find(|p| Some(&p.message_id) == direct)
            .copied()
            .or_else(|| all.into_iter().max_by_key(|p| p.no))
            .cloned()
    }

    fn parse(&self) -> Parsed {
        let zone = &self.case.rules.settings.desk.time_zone;
        let text = if self.letter.new_text.trim().is_empty() { "" } else { &self.letter.new_text };
        parse(text, &Ground { now: self.case.now, zone })
    }

    fn obey(&mut self, staff: &Staff<'_>, proof: Proof) {
        match proof {
            Proof::Answer { ticket, to } => self.reply(staff, ticket, to.as_ref(), None),
            Proof::Stale { ticket } => self.reply(staff, ticket, None, Some(HeldWhy::StaleAddress)),
            Proof::OneTap { ticket, command } => self.one_tap(staff, ticket, &command),
            Proof::Note { ticket } => self.reply_with_note(staff, ticket),
            Proof::Desk { ticket } => self.commands_only(staff, ticket),
            Proof::Confirm { ask } => self.confirm(staff, ask),
        }
    }

    /// A reply to a notification: commands are obeyed, text goes to the customer. All or nothing.
    fn reply(&mut self, staff: &Staff<'_>, ticket: TicketNo, to: Option<&KnownParcel>, doubt: Option<HeldWhy>) {
        let parsed = self.parse();
        let acts = match self.acts(staff, &parsed) {
            Ok(acts) => acts,
            Err(wrong) => return self.refuse(staff, Some(ticket), wrong),
        };
        let inside = parsed.commands.iter().any(|c| matches!(c, Command::Note(_) | Command::Called(_)));
        let nothing = says_nothing(&parsed.text, staff.name) && self.attachment_rows().iter().all(|a| a.inline);
        if nothing || inside {
            return self.do_acts(staff, Some(ticket), &parsed, &acts);
        }
        let draft = self.draft(&parsed);
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        let target = facts.survivor.unwrap_or(ticket);
        let doubt = doubt.or_else(|| self.doubt(staff, &facts, to, &parsed, &draft));
        if let Some(why) = doubt {
            let held_on = if matches!(why, HeldWhy::TicketChanged { .. }) { target } else { ticket };
            self.case.hold_answer(held_on, staff, &draft, why);
            return self.settle(Fate::Done("an answer that is held"));
        }
        let has_address = self.case.tickets.get(&target).is_some_and(|t| !self.case.recipients(t).is_empty());
        if !has_address {
            let why = WrongWhy::Other(no_address(&self.case.rules.settings.desk.language).to_owned());
            return self.refuse(staff, Some(ticket), vec![WrongLine { line: String::new(), why, nearest: None }]);
        }
        self.send(staff, target, &draft, &acts);
    }

    /// Sends, then does what was commanded.
    fn send(&mut self, staff: &Staff<'_>, ticket: TicketNo, draft: &Draft, acts: &[Act]) {
        let actor = staff.actor();
        let message: MessageNo = self.case.next.message;
        let before = (self.case.changes.len(), self.case.tickets.clone(), self.case.next);
        self.case.send_answer(ticket, Some(staff), &actor, draft);
        for act in acts {
            if let Err(refusal) = self.case.act(ticket, act, &actor, Some(staff)) {
                self.case.changes.truncate(before.0);
                self.case.tickets = before.1;
                self.case.next = before.2;
                let wrong = wrong_of(&refusal, &draft.commands.join(" "));
                return self.refuse(staff, Some(ticket), vec![wrong]);
            }
        }
        self.settle(Fate::Message(message));
    }

    /// What makes it doubtful that the text is meant for this customer, whole and as it stands.
    fn doubt(
        &self,
        staff: &Staff<'_>,
        facts: &TicketFacts,
        to: Option<&KnownParcel>,
        parsed: &Parsed,
        draft: &Draft,
    ) -> Option<HeldWhy> {
        if let Some(survivor) = facts.survivor {
            let other = self.case.tickets.get(&survivor)?;
            if other.customer != facts.customer {
                return Some(HeldWhy::TicketChanged { now: survivor });
            }
        }
        if facts.state == State::Spam {
            return Some(HeldWhy::TicketChanged { now: facts.number });
        }
        if facts.closed_at.is_some_and(|c| self.case.now.since(c) > 30 * Time::DAY) {
            return Some(HeldWhy::StaleAddress);
        }
        if !self.letter.end_is_certain {
            return Some(HeldWhy::EndUncertain);
        }
        if let Some(line) = parsed.strays.first() {
            return Some(HeldWhy::CommandInText { line: line.clone() });
        }
        let answered = facts.last_answer.as_ref().filter(|a| a.agent.as_ref() != Some(staff.address()));
        if let Some(answer) = answered
            && to.and_then(|p| p.message).is_some_and(|about| answer.message > about)
        {
            let by = answer.agent.as_ref().and_then(|a| self.case.rules.staff(a)).map(|s| s.name.to_owned());
            return Some(HeldWhy::ColleagueAnswered { by, at: answer.at, text: answer.text.clone() });
        }
        let mailbox = self.case.mailbox(&facts.mailbox)?;
        let data: Vec<(&str, &[u8])> =
            self.letter.attachments.iter().map(|a| (a.media_type.as_str(), a.data.as_slice())).collect();
        self.case.leak(facts, mailbox, Some(staff), draft, &data).map(|found| HeldWhy::Leak { found })
    }

    fn draft(&self, parsed: &Parsed) -> Draft {
        let html = self.letter.new_html.as_deref().map(|h| without_lines(h, &parsed.lines)).filter(|h| !h.is_empty());
        let shown = |cid: &str| html.as_deref().is_some_and(|h| h.contains(&format!("cid:{cid}")));
        let attachments = self
            .attachment_rows()
            .into_iter()
            .filter(|a| !a.inline || a.content_id.as_deref().is_some_and(shown))
            .collect();
        Draft {
            letter: Some(self.env.letter),
            sameness: self.letter.sameness.clone(),
            text: parsed.text.clone(),
            html,
            attachments,
            commands: parsed.lines.clone(),
        }
    }

    /// What the commands ask to do to the ticket; or every line that is wrong.
    fn acts(&self, staff: &Staff<'_>, parsed: &Parsed) -> Result<Vec<Act>, Vec<WrongLine>> {
        let mut wrong: Vec<WrongLine> = parsed
            .wrong
            .iter()
            .map(|w| WrongLine {
                line: w.line.clone(),
                why: match &w.wrong {
                    Wrong::Unknown(_) => WrongWhy::UnknownCommand,
                    Wrong::Argument(example) => WrongWhy::MissingArgument { example: (*example).to_owned() },
                    Wrong::NoArgument => WrongWhy::UnwantedArgument,
                },
                nearest: match &w.wrong {
                    Wrong::Unknown(nearest) => nearest.map(|n| format!("#{n}")),
                    _ => None,
                },
            })
            .collect();
        let mut acts = Vec::new();
        // `lines` holds the wrong ones too: a command's own line is found by counting the right ones.
        let right = parsed.lines.iter().filter(|l| !parsed.wrong.iter().any(|w| w.line == **l));
        for (command, line) in parsed.commands.iter().zip(right) {
            if matches!(command, Command::Send | Command::Drop) {
                wrong.push(WrongLine { line: line.clone(), why: WrongWhy::NothingWaits, nearest: None });
                continue;
            }
            match of_command(command, &self.case.rules, Some(staff.address()), &parsed.text) {
                Ok(act) => acts.extend(act),
                Err(refusal) => wrong.push(wrong_of(&refusal, line)),
            }
        }
        if wrong.is_empty() { Ok(acts) } else { Err(wrong) }
    }

    fn do_acts(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, parsed: &Parsed, acts: &[Act]) {
        let before = (self.case.changes.len(), self.case.tickets.clone(), self.case.next);
        for act in acts {
            let done = match ticket {
                Some(ticket) => self.case.act(ticket, act, &staff.actor(), Some(staff)),
                None => Err(Refusal::NoSuchTicket(TicketNo(0))),
            };
            if let Err(refusal) = done {
                self.case.changes.truncate(before.0);
                self.case.tickets = before.1;
                self.case.next = before.2;
                let wrong = wrong_of(&refusal, &parsed.lines.join(" "));
                return self.refuse(staff, ticket, vec![wrong]);
            }
        }
        for command in &parsed.commands {
            match command {
                Command::Away(until) => {
                    let until = until.unwrap_or(Time::from_unix(i64::MAX));
                    self.case.change(Change::AgentAway { agent: staff.address().clone(), until: Some(until) });
                }
                Command::Back => self.case.change(Change::AgentAway { agent: staff.address().clone(), until: None }),
                Command::Help => self.help(staff, ticket),
                _ => {}
            }
        }
        if parsed.commands.is_empty() {
            self.help(staff, ticket);
        }
        self.settle(Fate::Done("commands"));
    }

    fn help(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let facts = ticket.and_then(|t| self.case.tickets.get(&t)).cloned();
        let page =
            help(&self.case.inside_voice(), facts.as_ref().map(|t| (t.number, t.subject.as_str())), &command_rows());
        self.case.tell(self.mailbox, staff, page, facts.map(|t| t.number), None);
    }

    /// A one-tap link: the command in the address, whatever the text says.
    fn one_tap(&mut self, staff: &Staff<'_>, ticket: TicketNo, command: &str) {
        let zone = &self.case.rules.settings.desk.time_zone;
        let tomorrow = || crate::desk::when::parse("tomorrow", self.case.now, zone);
        let act = match command {
            "take" => Some(Act::Assign(staff.address().clone())),
            "close" => Some(Act::Close),
            "done" => Some(Act::Done),
            "spam" => Some(Act::Spam),
            "hold" => tomorrow().map(Act::Hold),
            _ => command.strip_prefix("merge").and_then(|n| n.parse().ok()).map(|n| Act::Merge(TicketNo(n))),
        };
        let line = format!("#{command}");
        let outcome = match &act {
            Some(act) => self.case.act(ticket, act, &staff.actor(), Some(staff)),
            None => Err(Refusal::NotThis),
        };
        match outcome {
            Ok(()) => self.settle(Fate::Done("one-tap command")),
            Err(refusal) => self.refuse(staff, Some(ticket), vec![wrong_of(&refusal, &line)]),
        }
    }

    /// A reply to a breach mail, a manager's notice or a colleague's note: a note to the assignee, never the customer.
    fn reply_with_note(&mut self, staff: &Staff<'_>, ticket: TicketNo) {
        let parsed = self.parse();
        let mut acts = match self.acts(staff, &parsed) {
            Ok(acts) => acts,
            Err(wrong) => return self.refuse(staff, Some(ticket), wrong),
        };
        let noted = acts.iter().any(|a| matches!(a, Act::Note { .. } | Act::Called(_)));
        if !noted && !says_nothing(&parsed.text, staff.name) {
            acts.push(Act::Note { text: parsed.text.clone(), to: None });
        }
        self.do_acts(staff, Some(ticket), &parsed, &acts);
    }

    /// To the desk: commands alone; any other text comes back unsent.
    fn commands_only(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let parsed = self.parse();
        let acts = match self.acts(staff, &parsed) {
            Ok(acts) => acts,
            Err(wrong) => return self.refuse(staff, ticket, wrong),
        };
        let noted = acts.iter().any(|a| matches!(a, Act::Note { .. } | Act::Called(_)));
        if !noted && !says_nothing(&parsed.text, staff.name) {
            let page = asked(
                &self.case.inside_voice(),
                &AskedFacts {
                    subject: self.letter.subject.clone(),
                    why: AskedWhy::CommandsOnly,
                    taps: Vec::new(),
                    text: self.letter.new_text.clone(),
                },
            );
            self.case.tell(self.mailbox, staff, page, ticket, None);
            return self.settle(Fate::Done("text to the desk, sent back"));
        }
        self.do_acts(staff, ticket, &parsed, &acts);
    }

    /// `#send` or `#drop` in reply to something that waits. Good once, for a day.
    fn confirm(&mut self, staff: &Staff<'_>, ask: AskNo) {
        let Some(known) = self.case.found.asks.iter().find(|a| a.no == ask && a.agent == *staff.address()).cloned()
        else {
            return self.set_aside(staff, NotProvedWhy::UnknownAddress, "it confirms what another was asked");
        };
        let parsed = self.parse();
        let send = parsed.commands.contains(&Command::Send);
        let drop = parsed.commands.contains(&Command::Drop);
        let late = known.settled.is_some() || known.expires_at < self.case.now;
        let others = parsed.commands.iter().any(|c| !matches!(c, Command::Send | Command::Drop));
        if late || !parsed.wrong.is_empty() || others || send == drop {
            let why = if late { AskedWhy::TooLate } else { AskedWhy::CommandsOnly };
            let page = asked(
                &self.case.inside_voice(),
                &AskedFacts { subject: self.letter.subject.clone(), why, taps: Vec::new(), text: parsed.text },
            );
            let again = (!late).then_some(ask);
            self.tell_again(staff, page, &known, again);
            return self.settle(Fate::Done("nothing that waits was confirmed"));
        }
        let how = if send { "sent" } else { "dropped" };
        self.case.change(Change::SettleAsk { ask, at: self.case.now, how: how.to_owned() });
        match (&known.matter, send) {
            (Matter::Answer(held), true) => self.send_held(staff, &known, held, &parsed),
            (Matter::Quarantined { quarantine }, true) => {
                let quarantine = crate::model::QuarantineNo(*quarantine);
                self.case.change(Change::ReleaseQuarantine {
                    quarantine,
                    release: Release::Recorded,
                    at: self.case.now,
                });
                self.settle(Fate::Done("released a mail from quarantine"));
            }
            (Matter::Quarantined { quarantine }, false) => {
                let quarantine = crate::model::QuarantineNo(*quarantine);
                self.case.change(Change::DropQuarantine { quarantine, at: self.case.now });
                self.settle(Fate::Done("dropped a mail in quarantine"));
            }
            (Matter::Answer(_), false) => self.settle(Fate::Done("dropped a held answer")),
        }
    }

    fn tell_again(&mut self, staff: &Staff<'_>, page: crate::desk::say::Page, known: &KnownAsk, again: Option<AskNo>) {
        // The address of what still waits was signed with the moment of its asking.
        let reply = match again {
            Some(ask) => crate::desk::tell::Reply::To(
                Token::Confirm { ask },
                Grounds { created_at: known.created_at, serial: 0 },
            ),
            None => crate::desk::tell::Reply::Desk,
        };
        let (name, not_before) = (self.mailbox.display_name.clone(), self.case.now);
        self.case.inside(
            self.mailbox,
            staff,
            page,
            crate::desk::tell::InsidePost {
                kind: ParcelKind::Confirm,
                name,
                ticket: known.ticket,
                message: None,
                ask: again,
                reply,
                attachments: Vec::new(),
                not_before,
            },
        );
    }

    fn send_held(&mut self, staff: &Staff<'_>, known: &KnownAsk, held: &HeldAnswer, parsed: &Parsed) {
        let Some(ticket) = known.ticket else { return self.settle(Fate::Done("nothing to send")) };
        let replaced = !says_nothing(&parsed.text, staff.name);
        let zone = &self.case.rules.settings.desk.time_zone;
        let commands = parse(&held.commands.join("\n"), &Ground { now: known.created_at, zone });
        let acts = match self.acts(staff, &commands) {
            Ok(acts) => acts,
            Err(wrong) => return self.refuse(staff, Some(ticket), wrong),
        };
        let own = self.draft(parsed);
        let draft = Draft {
            letter: Some(self.env.letter),
            sameness: self.letter.sameness.clone(),
            text: if replaced { parsed.text.clone() } else { held.text.clone() },
            html: if replaced { own.html } else { held.html.clone() },
            attachments: held.attachments.clone(),
            commands: held.commands.clone(),
        };
        let target = self.case.survivor(ticket).map_or(ticket, |t| t.number);
        self.send(staff, target, &draft, &acts);
    }

    /// The mail comes back to its writer with what was wrong; nothing was done.
    fn refuse(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, wrong: Vec<WrongLine>) {
        let facts = ticket.and_then(|t| self.case.tickets.get(&t)).cloned();
        let page = refused(
            &self.case.inside_voice(),
            &RefusedFacts {
                number: facts.as_ref().map(|t| t.number),
                subject: facts.as_ref().map_or_else(|| self.letter.subject.clone(), |t| t.subject.clone()),
                wrong,
                draft: self.letter.new_text.clone(),
            },
            &command_rows(),
        );
        self.case.tell(self.mailbox, staff, page, facts.map(|t| t.number), None);
        self.settle(Fate::Done("commands that were refused"));
    }

    /// Set aside whole; the one whose name it bears is told, in inert text and at most once an hour.
    pub fn set_aside(&mut self, staff: &Staff<'_>, told: NotProvedWhy, why: &str) {
        let quarantine = self.quarantine(format!("{UNPROVED}: {why}"));
        if !self.case.may_tell(staff.address(), UNPROVED, Time::HOUR) {
            return;
        }
        let ask = self.case.next.take_ask();
        self.case.change(Change::NewAsk(KnownAsk {
            no: ask,
            ticket: None,
            agent: staff.address().clone(),
            created_at: self.case.now,
            expires_at: self.case.now.plus(Time::DAY),
            settled: None,
            matter: Matter::Quarantined { quarantine: quarantine.0 },
        }));
        let from = self.letter.from.as_ref().map(|p| p.address.to_string()).unwrap_or_default();
        let page = not_proved(
            &self.case.inside_voice(),
            &NotProvedFacts {
                mails: vec![SetAside {
                    from,
                    at: self.env.received_at,
                    subject: self.letter.subject.clone(),
                    why: told,
                }],
                more: 0,
            },
        );
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
    }
}

/// A refusal as the agent reads it.
fn wrong_of(refusal: &Refusal, line: &str) -> WrongLine {
    let why = match refusal {
        Refusal::NoSuchTicket(_) => WrongWhy::NoSuchTicket,
        Refusal::NoSuchAgent(_) => WrongWhy::NoSuchAgent,
        Refusal::NoText => WrongWhy::MissingText,
        Refusal::OurAddress(_) => WrongWhy::BadAddress,
        other => WrongWhy::Other(other.to_string()),
    };
    WrongLine { line: line.to_owned(), why, nearest: None }
}

const fn no_address(language: &str) -> &'static str {
    match language.as_bytes() {
        b"sv" => "kunden har ingen adress som går att svara till",
        _ => "the customer has no address that an answer could go to",
    }
}
