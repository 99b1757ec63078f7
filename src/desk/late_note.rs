//! A promise to a customer that is about to fail: she is told once, honestly.

use crate::config::settings::Mailbox;
use crate::desk::alarm::Look;
use crate::desk::automatic::{Automatic, echo, spoken};
use crate::desk::case::Case;
use crate::desk::say::late_note::{LateNoteFacts, late_note};
use crate::model::{AlarmStage, Party, Time, Wait};
use crate::plan::{Alarm, Change, TicketFacts, What};
use crate::sla::clock::ClockKind;
use crate::sla::promise::doubtful_from;

impl Case<'_> {
    /// When to look again at what was promised; `None`: never.
    pub fn judge_promise(&mut self, look: &Look<'_>, facts: &TicketFacts, mailbox: &Mailbox) -> Option<Time> {
        let settings = self.rules.settings;
        let promised_at = look.promised_at.filter(|_| settings.acknowledge.late_note)?;
        let clock = look.clocks.iter().find(|c| c.kind == ClockKind::FirstResponse && c.is_unanswered())?;
        let is_told = self.found.alarms.iter().any(|a| a.stage == AlarmStage::LateNote);
        // An answer that is on its way will be there before a note would.
        if is_told || facts.answers > 0 || facts.last_answer.is_some() {
            return None;
        }
        let from = doubtful_from(facts.created_at, promised_at);
        if from > self.now {
            return Some(from);
        }
        let calendar = settings.calendar_of(mailbox)?;
        if !calendar.is_open(self.now) {
            return calendar.next_open(self.now);
        }
        self.send_late_note(facts, mailbox, promised_at);
        let alarm =
            Alarm { wait: Wait::Response, started_at: clock.started_at, stage: AlarmStage::LateNote, person: None };
        self.change(Change::Alarmed { ticket: facts.number, alarm, at: self.now });
        None
    }

    fn send_late_note(&mut self, facts: &TicketFacts, mailbox: &Mailbox, promised_at: Time) {
        let (Some(party), Some(last)) = (facts.customer_party.clone(), facts.last_in.clone()) else { return };
        if !self.may_get_automatic(&party.address) || !self.has_room_for_automatic(mailbox) {
            return;
        }
        let verified = self.found.said.get(&last.message).is_some_and(|s| s.verified);
        let language = spoken(last.language.as_deref(), mailbox);
        let page = late_note(
            &self.voice(language, self.now),
            &LateNoteFacts {
                number: facts.number,
                echo: echo(verified, &last.subject, &party.name),
                promised_at,
                signature: self.automatic_signature(mailbox, facts.number, verified.then_some(&party)),
            },
        );
        let mail = Automatic {
            ticket: facts.number,
            to: if verified { party } else { Party::new("", party.address) },
            page,
            in_reply_to: last.message_id,
            references: last.references,
            language,
        };
        if self.send_automatic(mailbox, mail) {
            self.event(facts.number, "svar", What::LateNote, "");
        }
    }
}
