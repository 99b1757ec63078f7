//! `undo`: an agent's answer waits a little before it leaves, and `#stop` keeps it here.

use crate::config::settings::Mailbox;
use crate::desk::case::{Case, Staff};
use crate::desk::intake::Incoming;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::undo::leaves_soon;
use crate::model::{MessageNo, ParcelNo, ParcelState, State, TicketNo, Time};
use crate::plan::{Change, Fate, KnownAsk, Matter, TicketFacts, What};

impl Case<'_> {
    /// Tells the writer of an answer when it leaves. `facts`: the ticket as it was before.
    pub fn offer_to_stop(
        &mut self,
        mailbox: &Mailbox,
        by: &Staff<'_>,
        facts: &TicketFacts,
        parcel: ParcelNo,
        message: MessageNo,
    ) {
        let at = self.now.plus(self.rules.settings.desk.undo_s);
        let state = facts.state.as_str().to_owned();
        let ask = self.ask(
            Some(facts.number),
            by,
            Matter::Undo { parcel: parcel.0, message: message.0, state, waiting: facts.waiting_since.map(Time::unix) },
        );
        let page = leaves_soon(&self.inside_voice(), (facts.number, facts.subject.as_str()), at);
        self.tell(mailbox, by, page, Some(facts.number), Some(ask));
    }

    /// The mail of an answer that waits for its undo, if it still does.
    fn still_waits(&self, known: &KnownAsk) -> bool {
        let parcel = self.found.parcels.iter().find(|p| Some(p.no.0) == undone(known).map(|u| u.0));
        parcel.is_some_and(|p| p.state == ParcelState::Queued)
    }
}

/// Parcel and message of an undo.
fn undone(known: &KnownAsk) -> Option<(i64, i64)> {
    match &known.matter {
        Matter::Undo { parcel, message, .. } => Some((*parcel, *message)),
        _ => None,
    }
}

impl Incoming<'_> {
    /// `#stop`: the answer stays here, as a note, and its text goes back to its writer.
    pub fn stop(&mut self, staff: &Staff<'_>, known: &KnownAsk) {
        let (Some((parcel, message)), Matter::Undo { state, waiting, .. }) = (undone(known), &known.matter) else {
            return;
        };
        let Some(ticket) = known.ticket.filter(|_| self.case.still_waits(known)) else {
            return self.explain(staff, known, AskedWhy::TooLate, String::new());
        };
        let at = self.case.now;
        self.case.change(Change::SettleAsk { ask: known.no, at, how: "stopped".to_owned() });
        let message = MessageNo(message);
        self.case.change(Change::Recall { parcel: ParcelNo(parcel), message, at });
        self.case.event(ticket, &staff.actor(), What::Stopped, format!("message {message}"));
        self.reopen_after(ticket, state, *waiting, staff);
        let text = self.case.found.said.get(&message).map(|s| s.new_text.clone()).unwrap_or_default();
        let facts = AskedFacts {
            subject: self.case.tickets.get(&ticket).map(|t| t.subject.clone()).unwrap_or_default(),
            why: AskedWhy::Stopped,
            taps: Vec::new(),
            text,
            until: None,
        };
        let page = asked(&self.case.inside_voice(), &facts);
        self.case.tell(self.mailbox, staff, page, Some(ticket), None);
        self.settle(Fate::Done("stopped an answer"));
    }

    /// The ticket stands as it stood before the answer.
    fn reopen_after(&mut self, ticket: TicketNo, state: &str, waiting: Option<i64>, staff: &Staff<'_>) {
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        if State::parse(state) == Some(State::Open) && matches!(facts.state, State::Pending | State::Closed) {
            let what = if facts.state == State::Closed { What::Reopened } else { What::Open };
            self.case.set_state(ticket, State::Open, None, &staff.actor(), what);
        }
        if let Some(since) = waiting.filter(|_| facts.waiting_since.is_none()) {
            self.case.waiting(ticket, Some(Time::from_unix(since)));
        }
    }

    /// `#send`: the answer leaves at once.
    pub fn hasten(&mut self, staff: &Staff<'_>, known: &KnownAsk) {
        let Some((parcel, _)) = undone(known).filter(|_| self.case.still_waits(known)) else {
            return self.explain(staff, known, AskedWhy::TooLate, String::new());
        };
        let at = self.case.now;
        self.case.change(Change::SettleAsk { ask: known.no, at, how: "sent".to_owned() });
        self.case.change(Change::Hasten { parcel: ParcelNo(parcel), at });
        self.settle(Fate::Done("an answer that leaves at once"));
    }
}
